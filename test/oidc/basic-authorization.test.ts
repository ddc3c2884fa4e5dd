import { describe, expect, test } from "vitest";
import { basicAuthorizationHeader } from "../../src/confidential.ts";
import { errorFrom, shown } from "./support.ts";

/** Reads the header as a server does: base64, then the first colon, then the form encoding of each part. */
function readHeader(header: string): readonly string[] {
  const [scheme, value] = header.split(" ");
  expect(scheme).toBe("Basic");
  const pair = new TextDecoder("utf-8", { fatal: true }).decode(
    Uint8Array.from(atob(value!), (character) => character.charCodeAt(0)),
  );
  const colon = pair.indexOf(":");
  return [pair.slice(0, colon), pair.slice(colon + 1)].map((part) =>
    new URLSearchParams(`v=${part}`).get("v")!,
  );
}

describe("basicAuthorizationHeader()", () => {
  test("is the header of RFC 7617 when no character needs an encoding", () => {
    expect(basicAuthorizationHeader("Aladdin", "opensesame")).toBe(
      `Basic ${btoa("Aladdin:opensesame")}`,
    );
  });

  test.for([
    ["a:b", "c:d"],
    ["https://app.example.com/client", "p%2B+/=&"],
    ["Bücher und Ähnliches", "пароль 🔑"],
    ["with space", " leading and trailing "],
  ] as const)("a server reads id %o and secret %o unchanged", ([id, secret]) => {
    const header = basicAuthorizationHeader(id, secret);
    expect(header).toMatch(/^Basic [A-Za-z0-9+/]+=*$/);
    expect(readHeader(header)).toEqual([id, secret]);
  });

  test("a space is a plus sign, as RFC 6749 appendix B requires", () => {
    expect(atob(basicAuthorizationHeader("a b", "c+d").slice(6))).toBe("a+b:c%2Bd");
  });

  test.for([
    ["", "s3cret-7f3a", "clientId"],
    ["web", "", "clientSecret"],
    ["web", undefined as unknown as string, "clientSecret"],
  ] as const)("refuses id %o and secret %o, and names %s", async ([id, secret, input]) => {
    const error = await errorFrom((async () => basicAuthorizationHeader(id, secret))());
    expect(error).toMatchObject({ code: "configuration", input });
    expect(shown(error)).not.toContain("s3cret-7f3a");
  });
});
