import { ConfigurationError } from "../core/errors.ts";
import { assertNotOwned, type OwnedParameters } from "../core/owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "../core/owned-token-parameters.ts";
import type { OwnParameters } from "../core/authorization-parameters.ts";
import { parseObject } from "../core/shape.ts";

const OF_EACH_LOGIN = "no option: Latchkey creates a new value for each login";
const CODE_FLOW = "no option: Latchkey always uses the authorization code flow";
const SIGNED = "no option: Latchkey sends no request objects";

/**
 * The parameters of an authorization request that Latchkey sets, each with the option to use instead.
 * @see https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#parameters
 */
const OWNED_BY_LOGINS: OwnedParameters = {
  client_id: "the option `clientId` of createAuth()",
  redirect_uri: "the option `redirectUri` of createAuth(), or a user agent",
  response_type: CODE_FLOW,
  response_mode: CODE_FLOW,
  scope: "the option `scope`",
  state: "the option `returnTo`, if the app must remember a page",
  nonce: OF_EACH_LOGIN,
  code_challenge: OF_EACH_LOGIN,
  code_challenge_method: OF_EACH_LOGIN,
  resource: "the option `resource`",
  audience: "the option `audience`",
  prompt: "the option `prompt`",
  login_hint: "the option `loginHint`",
  id_token_hint: "no option: Latchkey sends the ID token of the user",
  max_age: "the option `maxAge`",
  acr_values: "the option `acrValues`",
  request: SIGNED,
  request_uri: SIGNED,
};

/**
 * Checks the app's own parameters of a login: those of `loginOptions`, and those of one login.
 * @throws ConfigurationError Latchkey sets a parameter itself, a value is no string, or `claims` is not JSON
 */
export function checkLoginParameters(
  defaults: OwnParameters | undefined,
  parameters: OwnParameters | undefined,
): void {
  assertNotOwned("loginOptions.parameters", defaults, OWNED_BY_LOGINS);
  assertNotOwned("parameters", parameters, OWNED_BY_LOGINS);
  checkClaims("loginOptions.parameters.claims", defaults);
  checkClaims("parameters.claims", parameters);
}

/**
 * Returns the app's own parameters of token requests.
 * @throws ConfigurationError a grant or the client authentication sets a parameter, or a value is no string
 */
export function checkTokenParameters(parameters: OwnParameters): OwnParameters {
  assertNotOwned("tokenParameters", parameters, OWNED_BY_TOKEN_REQUESTS);
  return parameters;
}

function checkClaims(input: string, { claims }: OwnParameters = {}): void {
  if (claims === undefined || parseObject(claims)) return;
  throw new ConfigurationError(
    input,
    "it is not a JSON object",
    'Give JSON, such as JSON.stringify({ id_token: { acr: { essential: true, values: ["mfa"] } } }).',
  );
}
