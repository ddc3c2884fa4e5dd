import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import { refusal } from "./refusal.ts";
import { parseFacts } from "./token-answer.ts";

export interface Revocation extends Pick<FormRequest, "credentials"> {
  readonly revocationEndpoint: string;
  readonly token: string;
}

/**
 * @see RFC 7009 section 2
 * @throws RequestTokenError refused
 * @throws NetworkError no answer
 */
export async function revokeToken(
  { revocationEndpoint, token, credentials }: Revocation,
  client: TokenClient,
): Promise<void> {
  const form = {
    name: "revocation endpoint",
    url: revocationEndpoint,
    parameters: { token, token_type_hint: "refresh_token" },
    secrets: [token],
    credentials,
  };
  const answer = await postForm(form, client);
  // What the body says does not count.
  if (answer.status < 200 || answer.status > 299)
    throw refusal(form.name, parseFacts(answer, form));
}
