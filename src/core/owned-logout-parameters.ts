import type { OwnParameters } from "./authorization-parameters.ts";
import { assertNotOwned, type OwnedParameters } from "./owned-parameters.ts";

/**
 * The parameters of an end-session request that Latchkey sets. The sentence for a parameter names the option to use, or says
 * why there is none.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
const OWNED_BY_LOGOUTS: OwnedParameters = {
  client_id: "Use the option `clientId` of createAuth().",
  id_token_hint: "Latchkey sends the ID token of the user.",
  post_logout_redirect_uri: "Use the option `postLogoutRedirectUri` of createAuth().",
  state: "Use the option `postLogoutRedirectUri` of createAuth(), with a query.",
};

/**
 * Checks the app's own parameters of a logout.
 * @throws ConfigurationError Latchkey sets a parameter itself, or a value is not a string
 */
export function checkLogoutParameters(parameters: OwnParameters | undefined): void {
  assertNotOwned("parameters", parameters, OWNED_BY_LOGOUTS);
}
