import type { RefreshedTokens } from "../../core/refresher.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import { retryAfterMs, refusal, isRefusal, parseFacts, parseTokens } from "./token-response.ts";

/** A form for the token endpoint. */
export interface TokenRequestForm extends Omit<FormRequest, "name"> {
  /** Lifetime assumed when there is neither `expires_in` nor a refresh token. Seconds. */
  readonly defaultLifetimeS?: number | undefined;
}

/**
 * Sends a token request once. Returns the tokens.
 * @throws RequestTokenError the server refused the request, or sent an invalid response
 * @throws NetworkError no response; the sent code or token may be used
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export async function requestTokens(
  { defaultLifetimeS, ...rest }: TokenRequestForm,
  client: TokenClient,
): Promise<RefreshedTokens> {
  const form = { ...rest, name: "token endpoint" };
  const response = await postForm(form, client);
  const now = client.clock.now();
  if (isRefusal(response)) {
    const facts = parseFacts(response, form);
    throw refusal(form.name, { ...facts, retryAfterMs: retryAfterMs(response.headers, now) });
  }
  try {
    return parseTokens(response, now, defaultLifetimeS);
  } catch (error) {
    // The host may have another owner now, so the metadata is fetched again.
    client.onUnavailable?.(form.url);
    throw error;
  }
}
