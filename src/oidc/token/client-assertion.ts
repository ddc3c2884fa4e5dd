import { SignJWT } from "jose";
import type { ClientAuthentication } from "../../core/client-authentication.ts";
import { ConfigurationError } from "../../core/errors.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./form-request.ts";

const LIFETIME_S = 60;
/**
 * The minimum remaining lifetime of a prepared assertion. With less time, the assertion might expire before the server checks
 * the assertion. Milliseconds.
 */
const SPARE_MS = 20_000;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type PrivateKey = Extract<ClientAuthentication, { method: "private_key_jwt" }>;

/**
 * Creates a source of client assertions: signed JWTs that authenticate the client. Each request gets a new assertion, because a
 * server accepts an assertion only once. If the key cannot sign, `get()` and `prepare()` reject with a `ConfigurationError`.
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 */
export function createAssertions(identity: ClientIdentity, key: PrivateKey): CredentialsSource {
  const { clientId, clock } = identity;
  const { parameters } = publicCredentials(clientId);
  let ready: { readonly credentials: Credentials; readonly until: number }[] = [];

  const get = async (): Promise<Credentials> => {
    const assertion = await signAssertion(identity, key);
    return {
      parameters: {
        ...parameters,
        client_assertion_type: ASSERTION_TYPE,
        client_assertion: assertion,
      },
      secrets: [assertion],
    };
  };
  const prepare = async () => {
    const until = clock.monotonic() + LIFETIME_S * 1000 - SPARE_MS;
    const credentials = await get();
    ready = [...ready.filter((one) => one.until > clock.monotonic()), { credentials, until }];
  };
  return {
    get,
    prepare,
    take() {
      const [next, ...rest] = ready.filter((one) => one.until > clock.monotonic());
      ready = rest;
      // The next assertion is prepared now, so that a repeated request need not wait for a signature.
      if (rest.length === 0) prepare().catch(() => {});
      return next?.credentials;
    },
  };
}

async function signAssertion(
  { issuer, clientId, clock }: ClientIdentity,
  { algorithm, key, keyId }: PrivateKey,
): Promise<string> {
  const issuedAt = Math.floor(clock.now() / 1000);
  // The audience is the issuer, not the token endpoint. A malicious server could publish another server's token endpoint in its
  // metadata, and then use the assertion at that server.
  const assertion = new SignJWT({ iss: clientId, sub: clientId, aud: issuer })
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) })
    .setJti(crypto.randomUUID())
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LIFETIME_S);
  try {
    return await assertion.sign(key);
  } catch (error) {
    const reason = error instanceof Error ? `: ${error.message}` : "";
    throw new ConfigurationError(
      "authentication.key",
      `the key cannot sign with ${algorithm}${reason}`,
      "Pass a private CryptoKey with the usage `sign`. Set authentication.algorithm to the algorithm of this key, such as ES256.",
    );
  }
}
