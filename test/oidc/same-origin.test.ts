import { describe, expect, test } from "vitest";
import { isSameOrigin } from "../../src/core/same-origin.ts";

describe.each(["https://app.example.com/a/callback", "http://127.0.0.1:5173/callback"])(
  "from %s",
  (base) => {
    const { origin } = new URL(base);

    test.each([
      "/",
      "/orders?id=1#top",
      "orders",
      "?tab=2",
      "#top",
      "",
      "/a//b",
      "/\u202e",
      origin,
      `${origin}/x`,
      `${origin.toUpperCase()}/x`,
    ])("%j is on the origin", (url) => expect(isSameOrigin(url, base)).toBe(true));

    test.each([
      "//evil.example",
      "/\\evil.example",
      "\\\\evil.example",
      "\\/evil.example",
      "/\t/evil.example",
      "\n//evil.example",
      " //evil.example",
      "https:evil.example",
      "http:evil.example",
      "https:/evil.example",
      "https://evil.example",
      "https:\\\\evil.example",
      `${origin}.evil.example/`,
      `${origin}@evil.example/`,
      `${origin}:1/`,
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "java\nscript:alert(1)",
      "\u0000javascript:alert(1)",
      "data:text/html,x",
      `blob:${origin}/7d1c`,
      "file:///etc/passwd",
      "about:blank",
      "//",
      "https://",
    ])("%j is not on the origin", (url) => expect(isSameOrigin(url, base)).toBe(false));
  },
);

describe.each(["capacitor://localhost", "app://bundle", "chrome-extension://abcdefgh"])(
  "from a page of %s, whose URL.origin can be the text null",
  (origin) => {
    const page = `${origin}/index.html?x=1`;

    test.each(["/", "/orders?id=1#top", "orders", "#top", origin, `${origin}/x`])(
      "%j is on the origin",
      (url) => expect(isSameOrigin(url, page)).toBe(true),
    );

    test.each([
      "//evil",
      `${origin}.evil/`,
      `${origin}:1/`,
      "other://localhost/x",
      "https://localhost/x",
      "javascript:alert(1)",
      "javascript://localhost/%0aalert(1)",
      "data:text/html,x",
      `blob:${origin}/7d1c`,
      "about:blank",
    ])("%j is not on the origin", (url) => expect(isSameOrigin(url, page)).toBe(false));
  },
);

test("another scheme of the same host is another origin", () => {
  expect(isSameOrigin("http://app.example.com/", "https://app.example.com/")).toBe(false);
});

test("no URL is on the origin of a base without an origin", () => {
  expect(isSameOrigin("data:text/html,a", "data:text/html,b")).toBe(false);
  expect(isSameOrigin("/x", "not a url")).toBe(false);
});
