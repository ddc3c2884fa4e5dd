import type { RefreshedTokens } from "../../core/refresher.ts";
import { postForm, type FormRequest, type TokenClient } from "./form-request.ts";
import { retryAfterMs, refusal, isRefusal, parseFacts, parseTokens } from "./token-response.ts";

/** A form for the token endpoint. */
export interface TokenRequestForm extends Omit<FormRequest, "name"> {
  /** The lifetime of the access token if the response has neither `expires_in` nor a refresh token. Seconds. */
  readonly defaultLifetimeS?: number | undefined;
}

/**
 * Sends a token request once. Returns the tokens.
 * @throws RequestTokenError the server refused the request, or sent an invalid response
 * @throws NetworkError no response came; the server might have processed the request, so the sent code or token might no longer
 * be valid
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
    // The response has neither tokens nor an OAuth error, so the token endpoint might have a new URL. The metadata is therefore
    // fetched again before the next request.
    client.onUnavailable?.(form.url);
    throw error;
  }
}
