import { expect, test } from "vitest";
import { NetworkError } from "../../src/core/errors.ts";
import { afterCode } from "../../src/oidc/token/exchange.ts";

const MESSAGE = "token endpoint https://id.example.com/token: no response";

test("C14: a withheld response of a code exchange keeps its advice, and is not retryable", () => {
  const withheld = new NetworkError(MESSAGE, undefined, "Allow this origin.", true, true);
  expect(afterCode(withheld)).toMatchObject({
    isWithheld: true,
    retryable: false,
    hint: expect.stringMatching(/^Allow this origin\. .*only once/),
  });
});

test("A8: a lost response of a code exchange leads to a new login", () => {
  const lost = afterCode(new NetworkError(MESSAGE)) as NetworkError;
  expect(lost).toMatchObject({ isWithheld: false, retryable: false });
  expect(lost.hint).toMatch(/^Latchkey sends an authorization code only once/);
  expect(lost.message.split("\n")[0]).toBe(MESSAGE);
});
