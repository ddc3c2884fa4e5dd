import { describe, expect, test } from "vitest";
import { ConfigurationError } from "../../src/core/errors.ts";
import { assertNotOwned } from "../../src/core/owned-parameters.ts";
import { OWNED_BY_TOKEN_REQUESTS } from "../../src/core/owned-token-parameters.ts";
import { ClientCredentialsGrant } from "../../src/grants/client-credentials-grant.ts";
import { PasswordGrant } from "../../src/grants/password-grant.ts";
import { shown } from "../oidc/support.ts";

/** Each function creates a grant with these `extraParameters`. */
const server = { requestTokens: () => Promise.reject(new Error("it must not be called")) };
const credentials = () => Promise.reject(new Error("it must not be called"));
type Extra = Readonly<Record<string, string>>;
const GRANTS = {
  ClientCredentialsGrant: (extraParameters: Extra) =>
    new ClientCredentialsGrant(server, { extraParameters }),
  PasswordGrant: (extraParameters: Extra) =>
    new PasswordGrant(server, { credentials, extraParameters }),
};

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Every parameter of the token endpoint that a grant or the client sends, and a part of the option to use instead. */
const OWNED = [
  ["grant_type", "another grant"],
  ["code", "AuthorizationCodeGrant"],
  ["redirect_uri", "`redirectUri`"],
  ["client_id", "`clientId`"],
  ["client_secret", "`authentication`"],
  ["client_assertion", "`authentication`"],
  ["client_assertion_type", "`authentication`"],
  ["refresh_token", "RefreshTokenGrant"],
  ["code_verifier", "AuthorizationCodeGrant"],
  ["scope", "`scope`"],
  ["resource", "`resource`"],
  ["audience", "`audience`"],
  ["username", "`credentials`"],
  ["password", "`credentials`"],
  ["device_code", "DeviceCodeGrant"],
  ["subject_token", "TokenExchangeGrant"],
  ["subject_token_type", "`subjectTokenType`"],
  ["actor_token", "`actor`"],
  ["actor_token_type", "`actorTokenType`"],
  ["requested_token_type", "`requestedTokenType`"],
] as const;

test("every parameter that the protocol owns at the token endpoint is listed", () => {
  expect(Object.keys(OWNED_BY_TOKEN_REQUESTS).sort()).toEqual(OWNED.map(([name]) => name).sort());
});

describe.for(Object.entries(GRANTS))("extraParameters of a %s", ([, create]) => {
  test.for(OWNED)("cannot contain %s, and the error names %s", ([name, instead]) => {
    const error = thrown(() => create({ tenant: "t", [name]: "s3cret" }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ input: `extraParameters.${name}` });
    expect((error as Error).message).toContain(name);
    expect((error as Error).message).toContain(instead);
    expect(shown(error)).not.toContain("s3cret");
  });

  test("may contain every other parameter, also with the name of a method of objects", () => {
    expect(create({ tenant: "t", toString: "x", constructor: "y" })).toBeDefined();
  });
});

test.for([null, "tenant=t", ["tenant"], 7])("parameters must be an object: %o", (parameters) => {
  const error = thrown(() => assertNotOwned("parameters", parameters, OWNED_BY_TOKEN_REQUESTS));
  expect(error).toMatchObject({ code: "configuration", input: "parameters" });
});
