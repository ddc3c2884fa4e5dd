import type { OwnedParameters } from "./owned-parameters.ts";

const CREDENTIALS = "Use the option `authentication` of createClient().";
const EXCHANGE = "a TokenExchangeGrant.";
const ANOTHER = "Use another grant, or call requestTokens() in a grant of your own.";

/**
 * The parameters of a token request that the protocol sets. An app cannot replace these parameters.
 * @see https://www.iana.org/assignments/oauth-parameters/oauth-parameters.xhtml#parameters
 */
export const OWNED_BY_TOKEN_REQUESTS: OwnedParameters = {
  grant_type: ANOTHER,
  code: "Use an AuthorizationCodeGrant.",
  redirect_uri: "Use the option `redirectUri` of createAuth().",
  code_verifier: "Use an AuthorizationCodeGrant, which creates the verifier.",
  client_id: "Use the option `clientId`.",
  client_secret: CREDENTIALS,
  client_assertion: CREDENTIALS,
  client_assertion_type: CREDENTIALS,
  refresh_token: "Use a RefreshTokenGrant.",
  scope: "Use the option `scope`.",
  resource: "Use the option `resource`.",
  audience: "Use the option `audience`.",
  username: "Use the option `credentials` of a PasswordGrant.",
  password: "Use the option `credentials` of a PasswordGrant.",
  device_code: "Use a DeviceCodeGrant.",
  subject_token: `Use ${EXCHANGE}`,
  subject_token_type: `Use the option \`subjectTokenType\` of ${EXCHANGE}`,
  actor_token: `Use the option \`actor\` of ${EXCHANGE}`,
  actor_token_type: `Use the option \`actorTokenType\` of ${EXCHANGE}`,
  requested_token_type: `Use the option \`requestedTokenType\` of ${EXCHANGE}`,
};
