import { ConfigurationError } from "../../core/errors.ts";
import { createAssertions } from "./client-assertion.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./credentials.ts";
import { formEncode } from "./form-request.ts";

/** Undefined for a public client. @throws ConfigurationError the secret is missing, or the key cannot sign */
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

/** Both are form-encoded first, so that a colon or an umlaut arrives as it was. @see RFC 6749 section 2.3.1 */
function basic(clientId: string, clientSecret: string): Credentials {
  // All that form-encoding leaves is ASCII.
  const value = btoa([clientId, clientSecret].map(formEncode).join(":"));
  return {
    parameters: {},
    headers: { Authorization: `Basic ${value}` },
    secrets: [clientSecret, value],
  };
}

/** @see RFC 6749 section 2.3.1 */
function post(clientId: string, clientSecret: string): Credentials {
  const { parameters } = publicCredentials(clientId);
  return { parameters: { ...parameters, client_secret: clientSecret }, secrets: [clientSecret] };
}

function check(clientSecret: unknown): string {
  if (typeof clientSecret === "string" && clientSecret !== "") return clientSecret;
  throw new ConfigurationError(
    "authentication.clientSecret",
    "it is missing",
    "Give the secret that the server knows, or no authentication for a public client.",
  );
}
