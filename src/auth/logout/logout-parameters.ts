import type { OwnParameters } from "../../core/authorization-parameters.ts";
import { assertNotOwned, type OwnedParameters } from "../../core/owned-parameters.ts";

/**
 * The parameters of an end-session request that Latchkey sets, each with the option to use instead.
 * @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout
 */
const OWNED_BY_LOGOUTS: OwnedParameters = {
  client_id: "the option `clientId` of createAuth()",
  id_token_hint: "no option: Latchkey sends the ID token of the user",
  post_logout_redirect_uri: "the option `postLogoutRedirectUri` of createAuth()",
  state: "the option `postLogoutRedirectUri` of createAuth(), with a query",
};

/**
 * Checks the app's own parameters of a logout.
 * @throws ConfigurationError Latchkey sets a parameter itself, or a value is no string
 */
export function checkLogoutParameters(parameters: OwnParameters): void {
  assertNotOwned("parameters", parameters, OWNED_BY_LOGOUTS);
}
