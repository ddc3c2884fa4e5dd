import { ConfigurationError } from "./errors.ts";

/** Maps each parameter that the protocol sets to the option that an app uses instead. */
export type OwnedParameters = Readonly<Record<string, string>>;

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

/**
 * Throws if the app's `parameters` contain a parameter that the protocol sets. `input` is the name of the option with the
 * parameters, such as `extraParameters`. The error never contains the value of a parameter.
 * @param owned the parameters that the protocol sets, each with the option to use instead
 * @throws ConfigurationError `parameters` is no object of strings, or contains a parameter of `owned`
 */
export function assertNotOwned(input: string, parameters: unknown, owned: OwnedParameters): void {
  if (parameters === undefined) return;
  if (typeof parameters !== "object" || parameters === null || Array.isArray(parameters)) {
    throw new ConfigurationError(
      input,
      "it is not an object",
      "Give an object of parameters by name.",
    );
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (Object.hasOwn(owned, name)) {
      throw new ConfigurationError(
        `${input}.${name}`,
        "the protocol sets this parameter, so an app cannot replace it",
        `Remove ${name} from ${input}. Use ${owned[name]}.`,
      );
    }
    if (value !== undefined && typeof value !== "string") {
      throw new ConfigurationError(
        `${input}.${name}`,
        "it is not a string",
        "Give the text that the server expects, for example of JSON.stringify().",
      );
    }
  }
}
