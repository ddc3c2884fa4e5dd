import { ConfigurationError } from "../../core/errors.ts";
import { basicAuthorizationHeader } from "./basic-authorization.ts";
import { createAssertions } from "./client-assertion.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./form-request.ts";

/**
 * Creates the source of a client's credentials. Returns undefined for a public client.
 * @throws ConfigurationError the secret is missing
 */
export function createCredentials(identity: ClientIdentity): CredentialsSource | undefined {
  const { clientId, authentication } = identity;
  switch (authentication?.method) {
    case "client_secret_basic":
      return always(basic(clientId, check(authentication.clientSecret)));
    case "client_secret_post":
      return always(post(clientId, check(authentication.clientSecret)));
    case "private_key_jwt":
      return createAssertions(identity, authentication);
    case "none":
    case undefined:
      break;
  }
  return undefined;
}

function always(credentials: Credentials): CredentialsSource {
  return { get: async () => credentials, prepare: async () => {}, take: () => credentials };
}

/** Returns credentials for HTTP Basic authentication. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function basic(clientId: string, clientSecret: string): Credentials {
  const header = basicAuthorizationHeader(clientId, clientSecret);
  return {
    parameters: {},
    headers: { Authorization: header },
    secrets: [clientSecret, header.slice("Basic ".length)],
  };
}

/** Returns credentials that are sent in the request body. @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function post(clientId: string, clientSecret: string): Credentials {
  const { parameters } = publicCredentials(clientId);
  return { parameters: { ...parameters, client_secret: clientSecret }, secrets: [clientSecret] };
}

function check(clientSecret: unknown): string {
  if (typeof clientSecret === "string" && clientSecret !== "") return clientSecret;
  throw new ConfigurationError(
    "authentication.clientSecret",
    "it is missing",
    "Set it to the client's secret, or omit `authentication` for a public client.",
  );
}
