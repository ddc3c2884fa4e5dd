import {
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
} from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { NetworkError } from "../../src/core/errors.ts";
import { IdTokenError } from "../../src/core/protocol-errors.ts";
import type { User } from "../../src/core/user.ts";
import { fetchKeys } from "../../src/oidc/id-token/key-set.ts";
import type { Fetch } from "../../src/oidc/token/form-request.ts";
import {
  createKeySet,
  verifyIdToken,
  verifyRefreshedIdToken,
  type Verifier,
} from "../../src/oidc/id-token/verify.ts";
import {
  CLIENT,
  errorFrom,
  fakeFetch,
  ISSUER,
  json,
  realFetch,
  realServer,
  shown,
  testClock,
} from "./support.ts";

const NONCE = "the-nonce";
const ACCESS = "SECRET-access";
const JWKS = `${ISSUER}/jwks`;

interface Pair {
  alg: string;
  privateKey: CryptoKey;
  publicKey: CryptoKey;
  jwk: JWK;
}
async function pair(alg: string, kid: string, more: Partial<JWK> = {}): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    alg,
    privateKey,
    publicKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig", ...more },
  };
}
const rsa = await pair("RS256", "rsa");
const ec = await pair("ES256", "ec");
const other = await pair("ES256", "other");

let clock = testClock();
let now = 0;
let published: unknown[] = [];
let fetch = fakeFetch(() => json({ keys: published }));
let verifier: Verifier;

beforeEach(() => {
  clock = testClock();
  now = clock.now() / 1000;
  published = [rsa.jwk, ec.jwk];
  fetch = fakeFetch(() => json({ keys: published }));
  verifier = withFetch(fetch);
});

function withFetch(send: Fetch, more: Partial<Verifier> = {}): Verifier {
  const keys = createKeySet(() => fetchKeys(JWKS, { fetch: send, timeoutMs: 1_000 }), clock);
  return { issuer: ISSUER, clientId: CLIENT, keys, ...more };
}

const claims = (more: Record<string, unknown> = {}) => ({
  iss: ISSUER,
  aud: CLIENT,
  sub: "alice",
  iat: now,
  exp: now + 300,
  nonce: NONCE,
  ...more,
});
const sign = (
  payload: Record<string, unknown> = claims(),
  { alg, privateKey, jwk }: Pair = ec,
  header: Record<string, unknown> = {},
) => new SignJWT(payload).setProtectedHeader({ alg, kid: jwk.kid!, ...header }).sign(privateKey);
const login = (token: string, more: Record<string, unknown> = {}, by: Verifier = verifier) =>
  verifyIdToken(token, by, {
    nonce: NONCE,
    accessToken: ACCESS,
    requestedAt: clock.now(),
    now: clock.now(),
    ...more,
  });

async function refused(work: Promise<unknown>, claim: string) {
  const error = await errorFrom(work);
  expect(error).toBeInstanceOf(IdTokenError);
  expect(error["claim"]).toBe(claim);
  expect(error.cause).toBeUndefined();
  expect(shown(error)).not.toContain("eyJ");
  return error;
}

describe("a signature", () => {
  test.each([
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
  ])("by %s is valid", async (alg) => {
    const key = await pair(alg, alg);
    published = [key.jwk];
    expect((await login(await sign(claims(), key))).user.sub).toBe("alice");
  });

  test("with alg none in any letter case is refused", async () => {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    for (const alg of ["none", "None", "NONE", "nOnE", "", undefined, 7, null, ["ES256"]]) {
      await refused(login(`${part({ alg })}.${part(claims())}.`), "alg");
      await refused(login(`${part({ alg, kid: "ec" })}.${part(claims())}.AAAA`), "alg");
    }
  });

  test("by HMAC is refused, also with the public key as secret", async () => {
    published = [
      { kty: "oct", k: Buffer.alloc(32).toString("base64url"), kid: "oct", alg: "HS256" },
      rsa.jwk,
    ];
    const secrets = [
      Buffer.alloc(32),
      Buffer.from(await exportSPKI(rsa.publicKey)),
      Buffer.from(JSON.stringify(rsa.jwk)),
    ];
    for (const secret of secrets) {
      for (const kid of ["oct", "rsa"]) {
        const token = await new SignJWT(claims())
          .setProtectedHeader({ alg: "HS256", kid })
          .sign(secret);
        await refused(login(token), "alg");
        await refused(login(token, {}, withFetch(fetch, { algorithms: ["HS256", "none"] })), "alg");
      }
    }
  });

  test("by an algorithm that the metadata does not allow is refused", async () => {
    await refused(login(await sign(), {}, withFetch(fetch, { algorithms: ["RS256"] })), "alg");
    expect(
      (await login(await sign(claims(), rsa), {}, withFetch(fetch, { algorithms: ["RS256"] }))).user
        .sub,
    ).toBe("alice");
  });

  test("by another key with a known kid is refused and not retryable", async () => {
    const error = await refused(
      login(await sign(claims(), { ...other, jwk: ec.jwk })),
      "signature",
    );
    expect(error.retryable).toBe(false);
  });

  test("of other claims is refused", async () => {
    const [header, , signature] = (await sign()).split(".");
    const [, payload] = (await sign(claims({ sub: "mallory" }))).split(".");
    await refused(login(`${header}.${payload}.${signature}`), "signature");
    await refused(login(`${header}.${payload}.`), "signature");
  });

  test("by a key in the token's header is refused", async () => {
    const jwk = await exportJWK(other.publicKey);
    const jku = "https://evil.example/jwks";
    await refused(
      login(await sign(claims(), { ...other, jwk: ec.jwk }, { jwk, jku, x5u: jku })),
      "signature",
    );
    await refused(login(await sign(claims(), other, { jwk, jku, x5u: jku })), "signature");
    expect(fetch.sent.every(({ url }) => url === JWKS)).toBe(true);
  });

  test("with crit is refused", async () => {
    const crit = async (header: Record<string, unknown>) =>
      new CompactSign(new TextEncoder().encode(JSON.stringify(claims())))
        .setProtectedHeader({ alg: "ES256", kid: "ec", ...header })
        .sign(ec.privateKey, { crit: { exp: true, b64: true } });
    await refused(login(await crit({ crit: ["exp"], exp: 1 })), "crit");
    await refused(login(await crit({ crit: ["b64"], b64: true })), "crit");
  });

  test.each([
    "",
    "a",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "a.b.c.d.e",
    "..",
    "eyJhbGciOiJFUzI1NiJ9..",
    "é.b.c",
  ])("in %j is refused", async (token) => {
    expect(await errorFrom(login(token))).toBeInstanceOf(IdTokenError);
  });

  test("by an RSA key of 1024 bits is refused", async () => {
    const weak = await crypto.subtle.generateKey(
      {
        name: "RSASSA-PKCS1-v1_5",
        modulusLength: 1024,
        publicExponent: new Uint8Array([1, 0, 1]),
        hash: "SHA-256",
      },
      true,
      ["sign", "verify"],
    );
    published = [
      {
        ...(await crypto.subtle.exportKey("jwk", weak.publicKey)),
        kid: "weak",
        key_ops: undefined,
      },
    ];
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const input = `${part({ alg: "RS256", kid: "weak" })}.${part(claims())}`;
    const signature = await crypto.subtle.sign(
      "RSASSA-PKCS1-v1_5",
      weak.privateKey,
      Buffer.from(input),
    );
    await refused(login(`${input}.${Buffer.from(signature).toString("base64url")}`), "signature");
  });
});

describe("the keys", () => {
  test("are fetched once, without the HTTP cache, cookies or redirects", async () => {
    await Promise.all([login(await sign()), login(await sign())]);
    await login(await sign());
    expect(fetch.sent).toHaveLength(1);
    expect(fetch.sent[0]).toMatchObject({
      url: JWKS,
      init: { redirect: "error", credentials: "omit", cache: "no-cache" },
    });
  });

  test("are fetched again after a day", async () => {
    await login(await sign());
    clock.add(86_400_000);
    now += 86_400;
    published = [other.jwk];
    await refused(login(await sign()), "signature");
    expect(fetch.sent).toHaveLength(2);
  });

  test("are fetched once more when they were rotated", async () => {
    await login(await sign());
    published = [other.jwk];
    expect((await login(await sign(claims(), other))).user.sub).toBe("alice");
    expect(fetch.sent).toHaveLength(2);
  });

  test("are fetched once more when they were rotated under the same kid", async () => {
    await login(await sign());
    published = [{ ...other.jwk, kid: "ec" }];
    expect(
      (await login(await sign(claims(), { ...other, jwk: { ...other.jwk, kid: "ec" } }))).user.sub,
    ).toBe("alice");
  });

  test("E7: are all tried when the server signs with a new key and names the previous one", async () => {
    published = [ec.jwk, rsa.jwk, other.jwk];
    const signed = await sign(claims(), { ...other, jwk: ec.jwk });
    expect((await login(signed)).user.sub).toBe("alice");
  });

  test("are fetched at most every ten seconds for an unknown kid, and the error is retryable", async () => {
    await login(await sign());
    for (let i = 0; i < 5; i++)
      expect((await refused(login(await sign(claims(), other)), "signature")).retryable).toBe(true);
    expect(fetch.sent).toHaveLength(2);
    clock.add(10_000);
    await refused(login(await sign(claims(), other)), "signature");
    expect(fetch.sent).toHaveLength(3);
  });

  test("are fetched once for an unknown kid when the cache is empty", async () => {
    await refused(login(await sign(claims(), other)), "signature");
    expect(fetch.sent).toHaveLength(1);
  });

  test("are fetched once for two concurrent tokens with an unknown kid", async () => {
    await login(await sign());
    published = [other.jwk];
    const tokens = [await sign(claims(), other), await sign(claims({ sub: "bob" }), other)];
    const users = await Promise.all(tokens.map((token) => login(token)));
    expect(users.map(({ user }) => user.sub)).toEqual(["alice", "bob"]);
    expect(fetch.sent).toHaveLength(2);
  });

  test("are all tried when the token has no kid", async () => {
    const signed = async (key: Pair) =>
      new SignJWT(claims()).setProtectedHeader({ alg: key.alg }).sign(key.privateKey);
    published = [rsa.jwk, { ...other.jwk, kid: undefined }, ec.jwk];
    expect((await login(await signed(ec))).user.sub).toBe("alice");
    expect((await login(await signed(rsa))).user.sub).toBe("alice");
    published = [rsa.jwk, other.jwk];
    await refused(login(await signed(ec), {}, withFetch(fetch)), "signature");
  });

  test("are all tried when they have the same kid", async () => {
    published = [{ ...other.jwk, kid: "ec" }, { ...rsa.jwk, kid: "ec" }, ec.jwk];
    expect((await login(await sign())).user.sub).toBe("alice");
  });

  test.each([
    ["is for encryption", { use: "enc" }],
    ["is for another algorithm", { alg: "ES384" }],
    ["may not verify", { key_ops: ["sign"] }],
    ["has unusual key operations", { key_ops: "verify" }],
  ])("are not used when the key %s, and the error is retryable", async (_, members) => {
    published = [{ ...ec.jwk, ...members }];
    expect((await refused(login(await sign()), "signature")).retryable).toBe(true);
    published = [{ ...ec.jwk, ...members }, ec.jwk];
    expect((await login(await sign(), {}, withFetch(fetch))).user.sub).toBe("alice");
  });

  test("are skipped when they are malformed", async () => {
    published = [
      null,
      7,
      "key",
      [],
      {},
      { kid: "ec" },
      { kid: "ec", kty: "XYZ" },
      { kid: "ec", kty: 5 },
      { kid: "ec", kty: "EC", crv: "P-256", x: "AA", y: "AA" },
      { kid: "ec", kty: "EC", crv: "secp256k1", x: "AA", y: "AA" },
      { kid: "ec", kty: "RSA", n: "AQAB", e: "AQAB" },
      { kid: "ec", kty: "OKP", crv: "Ed448", x: "AA" },
      { kid: "ec", kty: "oct", key: "AAAA" },
      { ...ec.jwk, key_ops: ["sign"] },
      { ...ec.jwk, key_ops: "verify" },
      { ...ec.jwk, alg: "ES384" },
      { ...ec.jwk, use: "enc" },
      ec.jwk,
    ];
    expect((await login(await sign())).user.sub).toBe("alice");
  });

  test("are not used when they are for encryption", async () => {
    published = [{ ...ec.jwk, use: "enc" }];
    await refused(login(await sign()), "signature");
  });

  test("are not used when they are private", async () => {
    published = [{ ...(await exportJWK(ec.privateKey)), kid: "ec" }];
    await refused(login(await sign()), "signature");
  });

  test.each([
    ["an empty set", () => json({ keys: [] })],
    ["no set", () => json({})],
    ["keys that are no array", () => json({ keys: {} })],
    ["HTML", () => new Response("<html>")],
    ["a 404", () => new Response("", { status: 404 })],
    ["a 500 with keys", () => json({ keys: [ec.jwk] }, 500)],
  ])(
    "validate no token when the response is %s, and the error is retryable",
    async (_, response) => {
      const error = await refused(
        login(await sign(), {}, withFetch(fakeFetch(response))),
        "signature",
      );
      expect(error.retryable).toBe(true);
    },
  );

  test("validate no token when the jwks_uri is unreachable, redirects or hangs", async () => {
    const token = await sign();
    const down = withFetch(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(await errorFrom(login(token, {}, down))).toBeInstanceOf(NetworkError);
    const good = await realServer((_, response) =>
      response.end(JSON.stringify({ keys: [ec.jwk] })),
    );
    const redirecting = await realServer((_, response) =>
      response.writeHead(302, { Location: good }).end(),
    );
    const hanging = await realServer(() => {});
    for (const url of [redirecting, hanging]) {
      const keys = createKeySet(() => fetchKeys(url, { fetch: realFetch, timeoutMs: 50 }), clock);
      expect(await errorFrom(login(token, {}, { ...verifier, keys }))).toBeInstanceOf(NetworkError);
    }
    const keys = createKeySet(() => fetchKeys(good, { fetch: realFetch, timeoutMs: 5_000 }), clock);
    expect((await login(token, {}, { ...verifier, keys })).user.sub).toBe("alice");
  });

  test("are fetched again after a failure", async () => {
    let up = false;
    const flaky = withFetch(fakeFetch(() => (up ? json({ keys: [ec.jwk] }) : json({}, 503))));
    await refused(login(await sign(), {}, flaky), "signature");
    up = true;
    expect((await login(await sign(), {}, flaky)).user.sub).toBe("alice");
  });
});

describe("the claims of a login", () => {
  const bad = async (
    more: Record<string, unknown>,
    claim: string,
    expected: Record<string, unknown> = {},
  ) => {
    const error = await refused(login(await sign(claims(more)), expected), claim);
    expect(error.retryable).toBe(false);
  };
  const good = async (more: Record<string, unknown>, expected: Record<string, unknown> = {}) =>
    expect((await login(await sign(claims(more)), expected)).user.sub).toBe("alice");

  test("iss is exactly the issuer", async () => {
    for (const iss of [
      `${ISSUER}/`,
      "https://evil.example",
      ISSUER.toUpperCase(),
      [ISSUER],
      undefined,
    ])
      await bad({ iss }, "iss");
  });

  test("aud contains the client", async () => {
    await good({ aud: [CLIENT] });
    for (const aud of [
      "other",
      [],
      ["other"],
      "",
      undefined,
      `${CLIENT} other`,
      [CLIENT, 7],
      { web: CLIENT },
    ])
      await bad({ aud }, "aud");
  });

  test("azp is the client when it is present, and required with another audience", async () => {
    await good({ aud: [CLIENT, "api"], azp: CLIENT });
    await good({ azp: CLIENT });
    await good({ aud: [CLIENT, CLIENT] });
    await bad({ aud: [CLIENT, "api"] }, "azp");
    await bad({ aud: [CLIENT, "api"], azp: "api" }, "azp");
    for (const azp of ["other", "", null, [CLIENT]]) await bad({ azp }, "azp");
  });

  test("sub is a non-empty string", async () => {
    for (const sub of ["", 7, null, undefined, ["alice"], { sub: "alice" }])
      await bad({ sub }, "sub");
  });

  test("nonce is the one of the request", async () => {
    for (const nonce of ["other", "", undefined, null, [NONCE], `${NONCE} `])
      await bad({ nonce }, "nonce");
  });

  test("exp is a time less than five minutes in the past", async () => {
    await good({ exp: now - 299 });
    await bad({ exp: now - 300 }, "exp");
    await bad({ exp: now - 3600 }, "exp");
    for (const exp of [undefined, null, "soon", String(now + 300), true]) await bad({ exp }, "exp");
  });

  test("iat is a time at most five minutes in the future and at most five minutes before the request", async () => {
    await good({ iat: now + 300, exp: now + 600 });
    await good({ iat: now - 300, exp: now - 240 });
    await bad({ iat: now + 301, exp: now + 600 }, "iat");
    await bad({ iat: now - 301 }, "iat");
    await bad({ iat: now - 3600 }, "iat");
    for (const iat of [undefined, null, "now", String(now)]) await bad({ iat }, "iat");
  });

  test("nbf is a time at most five minutes in the future", async () => {
    await good({ nbf: now + 300 });
    await bad({ nbf: now + 301 }, "nbf");
    for (const nbf of ["now", null]) await bad({ nbf }, "nbf");
  });

  test("are valid when the server's clock is five minutes off and the token is valid for a minute", async () => {
    await good({ iat: now - 299, exp: now - 239, nbf: now - 299 });
    await good({ iat: now + 299, exp: now + 359, nbf: now + 299 });
  });

  test("at_hash matches the access token for each algorithm, if it is present", async () => {
    for (const [alg, bits] of [
      ["ES256", 256],
      ["ES384", 384],
      ["PS512", 512],
      ["EdDSA", 512],
      ["Ed25519", 512],
    ] as const) {
      const key = await pair(alg, alg);
      published = [key.jwk];
      const by = withFetch(fetch);
      const hash = Buffer.from(await crypto.subtle.digest(`SHA-${bits}`, Buffer.from(ACCESS)));
      const at_hash = hash.subarray(0, bits / 16).toString("base64url");
      expect((await login(await sign(claims({ at_hash }), key), {}, by)).user.sub).toBe("alice");
      for (const wrong of [hash.toString("base64url"), `${at_hash}=`, "", null, 7]) {
        await refused(login(await sign(claims({ at_hash: wrong }), key), {}, by), "at_hash");
      }
      await refused(
        login(await sign(claims({ at_hash }), key), { accessToken: "another" }, by),
        "at_hash",
      );
    }
  });

  test("auth_time is present and recent when max_age was requested", async () => {
    await good({ auth_time: now - 60 }, { maxAge: 60 });
    await good({}, {});
    await good({ auth_time: now - 99_999 }, {});
    await bad({}, "auth_time", { maxAge: 60 });
    await bad({ auth_time: String(now) }, "auth_time", { maxAge: 60 });
    await bad({ auth_time: now - 3600 }, "auth_time", { maxAge: 60 });
    await bad({ auth_time: now - 60 }, "auth_time", { maxAge: 0 });
  });

  test("max_age is validated by the server's clock and the time of the request", async () => {
    // The user spent two minutes on a consent page after the password.
    await good({ auth_time: now - 120 }, { maxAge: 0, requestedAt: clock.now() - 130_000 });
    // The server's clock is four minutes slow.
    await good({ iat: now - 240, exp: now, auth_time: now - 240 }, { maxAge: 0 });
    await bad({ iat: now - 240, exp: now, auth_time: now - 300 }, "auth_time", { maxAge: 0 });
  });

  test.each(["gold", "higher", undefined, null, 2, ["gold"]])(
    "C10: acr may have any value, such as %j",
    async (acr) => good({ acr }, {}),
  );

  test("are a JSON object in UTF-8", async () => {
    const raw = async (bytes: Uint8Array) =>
      login(
        await new CompactSign(bytes)
          .setProtectedHeader({ alg: "ES256", kid: "ec" })
          .sign(ec.privateKey),
      );
    const encode = (value: string) => new TextEncoder().encode(value);
    for (const payload of ["[]", "null", "7", '"x"', "{", ""])
      await refused(raw(encode(payload)), "payload");
    await refused(raw(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])), "payload");
  });
});

describe("the user", () => {
  test("has the verified claims, in any script, and unknown members", async () => {
    const more = {
      name: "Zoë 名前 👩‍🚀",
      email: "zoë@例え.jp",
      picture: "https://p.example/1",
      auth_time: now - 5,
      "https://x.example/r": [1],
    };
    const { user, authTime } = await login(await sign(claims(more)));
    expect(user).toEqual({
      sub: "alice",
      name: more.name,
      email: more.email,
      picture: more.picture,
      claims: claims(more),
    });
    expect(authTime).toBe(now - 5);
  });

  test("has a name, email and picture only when they are strings", async () => {
    const { user, authTime } = await login(
      await sign(claims({ name: 7, email: ["a"], picture: null, auth_time: "x" })),
    );
    expect(Object.keys(user)).toEqual(["sub", "claims"]);
    expect(authTime).toBeUndefined();
  });

  test("is not polluted by __proto__ in the claims", async () => {
    const text = JSON.stringify(claims()).replace(
      "{",
      '{"__proto__":{"admin":true,"azp":"x"},"address":{"__proto__":{"admin":true}},"constructor":{"prototype":{"admin":true}},',
    );
    const token = await new CompactSign(new TextEncoder().encode(text))
      .setProtectedHeader({ alg: "ES256", kid: "ec" })
      .sign(ec.privateKey);
    const { user } = await login(token);
    const copy = Object.assign({}, user.claims) as Record<string, unknown>;
    expect(copy["admin"]).toBeUndefined();
    expect(Object.hasOwn(user.claims, "__proto__")).toBe(false);
    expect((copy["address"] as Record<string, unknown>)["admin"]).toBeUndefined();
    expect(Object.hasOwn(copy["address"] as object, "__proto__")).toBe(false);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });
});

describe("the ID token of a refresh", () => {
  const before = (
    more: Record<string, unknown> = {},
  ): { user: User; authTime: number | undefined } => ({
    user: { sub: "alice", claims: { ...claims(), ...more } },
    authTime: undefined,
  });
  const refresh = async (more: Record<string, unknown>, previous = before(), key: Pair = ec) =>
    verifyRefreshedIdToken(
      await sign(claims({ nonce: undefined, ...more }), key),
      verifier,
      previous,
    );

  test("continues the same login, with or without a nonce", async () => {
    expect((await refresh({ name: "New" })).user.name).toBe("New");
    expect((await refresh({ nonce: NONCE })).user.sub).toBe("alice");
    expect((await refresh({ auth_time: 5 }, { ...before(), authTime: 5 })).authTime).toBe(5);
    expect((await refresh({}, { ...before(), authTime: 5 })).authTime).toBeUndefined();
  });

  test("of another issuer, audience, user or login is refused", async () => {
    await refused(refresh({ iss: "https://evil.example" }), "iss");
    await refused(refresh({ aud: "other" }), "aud");
    await refused(refresh({ azp: "other" }), "azp");
    await refused(refresh({ aud: [CLIENT, "api"] }), "azp");
    await refused(refresh({}, before({ aud: [CLIENT, "api"] })), "aud");
    await refused(refresh({ sub: "bob" }), "sub");
    await refused(refresh({ sub: "" }), "sub");
    await refused(refresh({ auth_time: 6 }, { ...before(), authTime: 5 }), "auth_time");
  });

  test("is refused with a bad signature, and retryable only when its key is missing", async () => {
    expect(
      (await refused(refresh({}, before(), { ...other, jwk: ec.jwk }), "signature")).retryable,
    ).toBe(false);
    expect((await refused(refresh({}, before(), other), "signature")).retryable).toBe(true);
  });

  test("B3: is valid although its iat is an hour before the previous one", async () => {
    expect((await refresh({ iat: now - 3600, exp: now - 3000 })).user.sub).toBe("alice");
  });

  test("B3: may have another auth_time when that is configured, and nothing else", async () => {
    const previous = { ...before(), authTime: 5 };
    const lenient = { ...verifier, authTimeOnRefresh: "ignore" } as const;
    const token = await sign(claims({ nonce: undefined, auth_time: 6 }));
    expect((await verifyRefreshedIdToken(token, lenient, previous)).authTime).toBe(6);
    const bob = await sign(claims({ nonce: undefined, auth_time: 6, sub: "bob" }));
    await refused(verifyRefreshedIdToken(bob, lenient, previous), "sub");
  });

  test("B2: with another nonce than the login's is refused, unless the login's nonce is unknown", async () => {
    await refused(refresh({ nonce: "another" }), "nonce");
    await refused(refresh({ nonce: "" }), "nonce");
    await refused(refresh({ nonce: 1 }), "nonce");
    expect((await refresh({ nonce: "any" }, before({ nonce: undefined }))).user.sub).toBe("alice");
  });

  test("B14: keeps the claims that it leaves out, and replaces the others", async () => {
    const previous = before({ name: "Alice", email: "alice@example.com", groups: ["a", "b"] });
    const { user } = await refresh({ name: "Alice L.", groups: ["a"] }, previous);
    expect(user).toMatchObject({ name: "Alice L.", email: "alice@example.com" });
    expect(user.claims).toMatchObject({ email: "alice@example.com", groups: ["a"], nonce: NONCE });
  });

  test("B14: keeps a picture and a custom claim", async () => {
    const previous = before({ picture: "https://id.example/a.png", tenant: { id: 7 } });
    const { user } = await refresh({ email: "new@example.com" }, previous);
    expect(user).toMatchObject({ picture: "https://id.example/a.png", email: "new@example.com" });
    expect(user.claims["tenant"]).toEqual({ id: 7 });
  });

  test("is refused when it is expired on arrival or a time is missing", async () => {
    await refused(refresh({ exp: now - 3600 }), "exp");
    await refused(refresh({ nbf: now + 301 }), "nbf");
    await refused(refresh({ iat: undefined }), "iat");
    await refused(refresh({ exp: undefined }), "exp");
  });

  test("is still valid after it waited an hour for the keys", async () => {
    const token = await sign(claims({ nonce: undefined }));
    clock.add(3_600_000);
    expect((await verifyRefreshedIdToken(token, verifier, before())).user.sub).toBe("alice");
  });
});
