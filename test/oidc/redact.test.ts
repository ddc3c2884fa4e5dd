import { expect, test } from "vitest";
import { redact, redactCode } from "../../src/oidc/token/redact.ts";
import { parseTokens } from "../../src/oidc/token/token-response.ts";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import type { ClientAuthentication } from "../../src/core/client-authentication.ts";
import { CLIENT, errorFrom, fakeFetch, ISSUER, json, shown, testRequests } from "./support.ts";

const SECRET = 'a b/c"d\\e+f&ü%';
const CODE = "SplxlOBe ZQQYbY/S6W xSbIA";
const hex = (value: string) =>
  Array.from(new TextEncoder().encode(value), (byte) => `%${byte.toString(16).padStart(2, "0")}`);
const base64 = (value: string) => btoa(String.fromCharCode(...new TextEncoder().encode(value)));

const ENCODINGS: [name: string, encode: (secret: string) => string][] = [
  ["as it is", (secret) => secret],
  ["with %20", encodeURIComponent],
  ["with +", (secret) => encodeURIComponent(secret).replaceAll("%20", "+")],
  [
    "with lower-case hex digits",
    (secret) => encodeURIComponent(secret).replace(/%../g, (byte) => byte.toLowerCase()),
  ],
  ["with every byte encoded", (secret) => hex(secret).join("")],
  ["encoded twice", (secret) => encodeURIComponent(encodeURIComponent(secret))],
  ["as JSON", (secret) => JSON.stringify(secret)],
  ["as JSON in JSON", (secret) => JSON.stringify(JSON.stringify(secret))],
  [
    "as JSON with \\u",
    (secret) =>
      secret.replace(
        /[^a-z]/gi,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
  ],
  [
    "as HTML",
    (secret) =>
      secret
        .replaceAll("&", "&amp;")
        .replaceAll('"', "&quot;")
        .replaceAll("/", "&#x2F;")
        .replaceAll(" ", "&#32;"),
  ],
  ["as base64", base64],
  [
    "as base64url",
    (secret) => base64(secret).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
  ],
  ["as base64 of id:secret", (secret) => base64(`${CLIENT}:${secret}`)],
  [
    "as base64 of the encoded id:secret",
    (secret) => base64(`${CLIENT}:${encodeURIComponent(secret)}`),
  ],
  ["as percent-encoded base64", (secret) => encodeURIComponent(base64(secret))],
];

test.for(ENCODINGS)("D5: a secret that a server repeats %s is redacted", ([, encode]) => {
  for (const secret of [SECRET, CODE]) {
    const text = `the value ${encode(secret)} is wrong`;
    const redacted = redact(text, ["other", secret])!;
    expect(redacted).toContain("[redacted]");
    expect(redacted).not.toContain(encode(secret));
    for (const part of ["SplxlOBe", "xSbIA"]) expect(redacted).not.toContain(part);
    expect(redact(`code=${encode(secret)}&x=1`, [secret])).not.toContain(encode(secret));
  }
});

test("D5: the rest of a description stays", () => {
  expect(redact(`code ${encodeURIComponent(CODE)} has expired`, [CODE])).toBe(
    "code [redacted] has expired",
  );
  expect(redact("100% of https://id.example.com/?a=%zz&b=%ff", [CODE])).toBe(
    "100% of https://id.example.com/?a=%zz&b=%ff",
  );
  expect(redact("no secret here", [""])).toBe("no secret here");
  expect(redact(undefined, [CODE])).toBeUndefined();
});

test.for(["invalid_grant", "invalid_client", "access_denied", "slow_down", "server_error"])(
  "D5: the error code %s stays, whatever the secret is",
  (code) => {
    for (const secret of [code, code.slice(0, 4), code.slice(-4), "_", "invalid", "client"])
      expect(redactCode(code, [secret])).toBe(code);
    expect(redactCode(`${code} SECRET`, ["SECRET"])).toBe(`${code} [redacted]`);
  },
);

test.for<ClientAuthentication>([
  { method: "client_secret_basic", clientSecret: "client" },
  { method: "client_secret_post", clientSecret: "client" },
  { method: "client_secret_basic", clientSecret: SECRET },
  { method: "client_secret_post", clientSecret: SECRET },
])("D5: a server that repeats the credentials %j", async (authentication) => {
  const { clientSecret } = authentication as { clientSecret: string };
  const fetch = fakeFetch(({ init }) =>
    json(
      {
        error: "invalid_client",
        error_description: `${JSON.stringify(init.body)} ${JSON.stringify(init.headers)} ${base64(`${CLIENT}:${clientSecret}`)}`,
      },
      401,
    ),
  );
  const endpoints = { authorizationEndpoint: `${ISSUER}/auth`, tokenEndpoint: `${ISSUER}/token` };
  const { server } = createLazyServer({
    issuer: ISSUER,
    clientId: "web",
    authentication,
    endpoints,
    requests: testRequests(),
    clock: { now: Date.now, monotonic: () => 0, sleep: async () => {} },
    fetch,
  });
  const error = await errorFrom(server.requestTokens({ grant_type: "client_credentials" }));
  expect(error["error"]).toBe("invalid_client");
  const description = String(error["errorDescription"]);
  expect(description).not.toContain(base64(`${CLIENT}:${clientSecret}`));
  expect(description).not.toContain(encodeURIComponent(clientSecret));
  if (clientSecret === SECRET) expect(shown(error)).not.toContain(SECRET);
});

test.for(["a\nb", "tök", "a\u0000", "\u{1f511}"])(
  "D5: an access token that is no header value is refused, and is not in the error: %j",
  (token) => {
    const body = JSON.stringify({ access_token: token, token_type: "Bearer" });
    const parse = () => parseTokens({ status: 200, headers: new Headers(), text: body }, 0);
    expect(parse).toThrow("access_token of ASCII characters");
    expect(parse).not.toThrow(token);
  },
);

test("D5: a long text is cut before a word, and takes no long time", () => {
  const words = `${"YWJjZGVmZ2hp%20x+y ".repeat(20_000)}${encodeURIComponent(CODE)}`;
  const redacted = redact(words, [CODE, SECRET])!;
  expect(redacted.length).toBeLessThan(2_002);
  expect(redacted.endsWith(" …")).toBe(true);
  expect(redact("x".repeat(5_000), [CODE])).toBe("…");
});
