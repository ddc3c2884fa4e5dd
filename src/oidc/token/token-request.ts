import type { RefreshedTokens } from "../../core/refresher.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import { retryAfterMs, refusal, isRefusal, parseFacts, parseTokens } from "./token-response.ts";

export interface TokenRequestForm extends Omit<FormRequest, "name"> {
  /** Taken as the life of a token when neither its end nor a way to renew it is told. Seconds. */
  readonly defaultLifetimeS?: number | undefined;
}

/**
 * Sends a token request, once.
 * @see RFC 6749 section 3.2
 * @throws RequestTokenError refused, or answered badly
 * @throws NetworkError no answer; what was sent may be used up
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
    // Perhaps the host belongs to somebody else now.
    client.onUnavailable?.(form.url);
    throw error;
  }
}
