import { ConfigurationError } from "./errors.ts";
import { assertNotOwned, type OwnedParameters } from "./owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "./owned-token-parameters.ts";
import type { OwnParameters } from "./authorization-parameters.ts";
import { isObject, isTexts, parseObject } from "./shape.ts";

const OF_EACH_LOGIN = "Latchkey creates a new value for each login.";
const CODE_FLOW = "Latchkey always uses the authorization code flow.";
const SIGNED = "Latchkey sends no request objects.";

/**
 * The parameters of an authorization request that Latchkey sets. The sentence for a parameter names the option to use, or says
 * why there is none.
 * @see https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#parameters
 */
const OWNED_BY_LOGINS: OwnedParameters = {
  client_id: "Use the option `clientId` of createAuth().",
  redirect_uri: "Use the option `redirectUri` of createAuth(), or a user agent.",
  response_type: CODE_FLOW,
  response_mode: CODE_FLOW,
  scope: "Use the option `scope`.",
  state: "If the app must remember a page, use the option `returnTo`.",
  nonce: OF_EACH_LOGIN,
  code_challenge: OF_EACH_LOGIN,
  code_challenge_method: OF_EACH_LOGIN,
  resource: "Use the option `resource`.",
  audience: "Use the option `audience`.",
  prompt: "Use the option `prompt`.",
  login_hint: "Use the option `loginHint`.",
  id_token_hint: 'Latchkey sends the ID token of the user in a login with `prompt: "none"`.',
  max_age: "Use the option `maxAge`.",
  acr_values: "Use the option `acrValues`.",
  request: SIGNED,
  request_uri: SIGNED,
};

/**
 * Checks the app's own parameters of a login: those of `loginOptions`, and those of one login.
 * @throws ConfigurationError Latchkey sets a parameter itself, a value is not a string, `claims` is not JSON, or its `acr` is
 * malformed
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
 * @throws ConfigurationError a grant or the client authentication sets a parameter, or a value is not a string
 */
export function checkTokenParameters(parameters: OwnParameters): OwnParameters {
  assertNotOwned("tokenParameters", parameters, OWNED_BY_TOKEN_REQUESTS);
  return parameters;
}

function checkClaims(input: string, { claims }: OwnParameters = {}): void {
  if (claims === undefined) return;
  const request = parseObject(claims);
  const problem = request ? problemWithAcr(request) : "it is not a JSON object";
  if (problem === undefined) return;
  throw new ConfigurationError(
    input,
    problem,
    'Give JSON, such as JSON.stringify({ id_token: { acr: { essential: true, values: ["mfa"] } } }).',
  );
}

/**
 * Latchkey compares the `acr` of the ID token with an essential `acr` of the request. A malformed request would allow any `acr`.
 */
function problemWithAcr({ id_token: idToken }: Record<string, unknown>): string | undefined {
  const acr = isObject(idToken) ? idToken["acr"] : undefined;
  if (!isObject(acr) || acr["essential"] !== true) return undefined;
  const { value, values } = acr;
  if (typeof (value ?? "") !== "string") return "acr.value is not a string";
  return isTexts(values ?? []) ? undefined : "acr.values is not a list of strings";
}
