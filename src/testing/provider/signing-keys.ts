import { base64url, exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from "jose";

interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** The number of keys that the JWK set publishes. */
const PUBLISHED = 2;

/** The keys with which a `FakeProvider` signs. The first key is created when it is needed. */
export class SigningKeys {
  #keys: Promise<SigningKey>[] = [];
  #created = 0;

  /** Signs from now on with a new key. The JWK set still has the previous key, and no older key. */
  rotate(): void {
    if (this.#keys.length === 0) void this.#add();
    void this.#add();
  }

  /** Returns the JWK set. @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
  async jwks(): Promise<{ readonly keys: readonly JWK[] }> {
    await this.#current();
    const keys = await Promise.all(this.#keys);
    return { keys: keys.map(({ publicJwk }) => publicJwk) };
  }

  /** Signs a JWT. `typ`: the type in its header. */
  async sign(claims: JWTPayload, typ: string): Promise<string> {
    const { privateKey, publicJwk } = await this.#current();
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", typ, kid: publicJwk.kid! })
      .sign(privateKey);
  }

  #current(): Promise<SigningKey> {
    return this.#keys[0] ?? this.#add();
  }

  #add(): Promise<SigningKey> {
    this.#created += 1;
    const key = createKey(`key-${this.#created}`);
    this.#keys = [key, ...this.#keys].slice(0, PUBLISHED);
    return key;
  }
}

async function createKey(kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" };
  return { privateKey, publicJwk };
}

/** Returns the SHA-256 hash of a text, in base64url. `bytes`: only the first bytes of the hash. */
export async function base64urlHash(text: string, bytes = 32): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return base64url.encode(new Uint8Array(hash, 0, bytes));
}
