import type { OwnedParameters } from "./owned-parameters.ts";

const CREDENTIALS = "the option `authentication` of createClient()";
const EXCHANGE = "a TokenExchangeGrant";
const ANOTHER = "another grant, or call requestTokens() in a grant of your own";

/**
 * The parameters of a token request that the protocol sets. An app cannot replace these parameters.
 * @see https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#parameters
 */
export const OWNED_BY_TOKEN_REQUESTS: OwnedParameters = {
  grant_type: ANOTHER,
  code: "an AuthorizationCodeGrant",
  redirect_uri: "the option `redirectUri` of createAuth()",
  code_verifier: "an AuthorizationCodeGrant, which creates the verifier",
  client_id: "the option `clientId`",
  client_secret: CREDENTIALS,
  client_assertion: CREDENTIALS,
  client_assertion_type: CREDENTIALS,
  refresh_token: "a RefreshTokenGrant",
  scope: "the option `scope`",
  resource: "the option `resource`",
  audience: "the option `audience`",
  username: "the option `credentials` of a PasswordGrant",
  password: "the option `credentials` of a PasswordGrant",
  device_code: "a DeviceCodeGrant",
  subject_token: EXCHANGE,
  subject_token_type: `the option \`subjectTokenType\` of ${EXCHANGE}`,
  actor_token: `the option \`actor\` of ${EXCHANGE}`,
  actor_token_type: `the option \`actorTokenType\` of ${EXCHANGE}`,
  requested_token_type: `the option \`requestedTokenType\` of ${EXCHANGE}`,
};
