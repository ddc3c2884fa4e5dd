import type { ClientAuthentication } from "../../core/client-authentication.ts";
import { ConfigurationError } from "../../core/errors.ts";
import { base64url, randomToken } from "../encoding.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./form-request.ts";

const LIFETIME_S = 60;
/**
 * If a prepared assertion expires in less than this time, Latchkey does not send the assertion. The assertion might expire
 * before the server checks the assertion. Milliseconds.
 */
const SPARE_MS = 20_000;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type PrivateKey = Extract<ClientAuthentication, { method: "private_key_jwt" }>;

/**
 * Creates a source of client assertions: signed JWTs that authenticate the client. Each request gets a new assertion
 * with its own id (`jti`), because a server refuses an assertion whose id the server has received before. If the key cannot
 * sign, `get()` and `prepare()` reject with a `ConfigurationError`.
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
      // If no prepared assertion remains after this call, Latchkey prepares an assertion now. If the request must be repeated,
      // the second request then need not wait for a signature.
      if (rest.length === 0) prepare().catch(() => {});
      return next?.credentials;
    },
  };
}

function signAssertion({ issuer, clientId, clock }: ClientIdentity, key: PrivateKey) {
  const issuedAt = Math.floor(clock.now() / 1000);
  const { algorithm, keyId } = key;
  const header = { alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) };
  const claims = {
    iss: clientId,
    sub: clientId,
    // The audience is the issuer, not the token endpoint. A malicious server A could publish the token endpoint of a server B
    // in the metadata of A. If the audience were the token endpoint, A could get assertions that B accepts.
    aud: issuer,
    jti: randomToken(),
    iat: issuedAt,
    exp: issuedAt + LIFETIME_S,
  };
  return sign([header, claims].map(encode).join("."), key);
}

const NAMES: Readonly<Record<string, string>> = {
  RS: "RSASSA-PKCS1-v1_5",
  PS: "RSA-PSS",
  ES: "ECDSA",
  Ed: "Ed25519",
};

/**
 * Signs with Web Crypto, not with jose. The code that verifies ID tokens uses jose. If this file also imported jose, the
 * bundler would move jose out of the chunk of that code into a further chunk.
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.1
 */
async function sign(input: string, { key, algorithm }: PrivateKey): Promise<string> {
  const [, kind = "", bits = "0"] = /^([A-Z]S|Ed)(\d{3}|25519|DSA)$/.exec(algorithm) ?? [];
  const parameters = { name: NAMES[kind] ?? "", hash: `SHA-${bits}`, saltLength: Number(bits) / 8 };
  try {
    const signature = await crypto.subtle.sign(parameters, key, new TextEncoder().encode(input));
    return `${input}.${base64url(new Uint8Array(signature))}`;
  } catch {
    throw new ConfigurationError(
      "authentication.key",
      `the key cannot sign with ${algorithm}`,
      "Pass a private CryptoKey with the usage `sign`. Set authentication.algorithm to the algorithm of this key, such as ES256.",
    );
  }
}

function encode(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)));
}
