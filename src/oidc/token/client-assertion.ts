import type { ClientAuthentication } from "../../core/client-authentication.ts";
import { ConfigurationError } from "../../core/errors.ts";
import { base64url, randomToken } from "../encoding.ts";
import {
  publicCredentials,
  type ClientIdentity,
  type Credentials,
  type CredentialsSource,
} from "./credentials.ts";

const LIFETIME_S = 60;
/** An assertion must still be good when it arrives. */
const SPARE_MS = 20_000;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type PrivateKey = Extract<ClientAuthentication, { method: "private_key_jwt" }>;

/**
 * Signed assertions, each for one request: servers refuse a `jti` that they know.
 * @see RFC 7523 section 3
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
      // For who has to try again, and will not wait for a signature then.
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
    // The issuer alone: one for an endpoint's URL is of use to a server that names the endpoint of another as its own.
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

/** By hand, since the half of jose that signs would move the half that verifies. @see RFC 7518 section 3.1 */
async function sign(input: string, { key, algorithm }: PrivateKey): Promise<string> {
  const [, kind = "", bits = "0"] = /^([A-Z]S|Ed)(\d{3}|25519|DSA)$/.exec(algorithm) ?? [];
  const parameters = { name: NAMES[kind] ?? "", hash: `SHA-${bits}`, saltLength: Number(bits) / 8 };
  try {
    const signature = await crypto.subtle.sign(parameters, key, new TextEncoder().encode(input));
    return `${input}.${base64url(new Uint8Array(signature))}`;
  } catch {
    throw new ConfigurationError(
      "authentication.key",
      `it cannot sign as ${algorithm}`,
      "Give a private CryptoKey for `sign`, and as authentication.algorithm what it was made for, such as ES256.",
    );
  }
}

function encode(part: object): string {
  return base64url(new TextEncoder().encode(JSON.stringify(part)));
}
