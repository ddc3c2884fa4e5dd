import { ConfigurationError } from "../../core/errors.ts";
import { createAssertions } from "./client-assertion.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
  formEncode,
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

/**
 * Returns credentials for HTTP Basic authentication. The client id and the secret are form-encoded first, so that colons and
 * non-ASCII characters arrive unchanged.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
function basic(clientId: string, clientSecret: string): Credentials {
  // A form-encoded value is ASCII, so `btoa` accepts the value.
  const value = btoa([clientId, clientSecret].map(formEncode).join(":"));
  return {
    parameters: {},
    headers: { Authorization: `Basic ${value}` },
    secrets: [clientSecret, value],
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
