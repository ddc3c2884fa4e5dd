import { expect, test } from "vitest";
import { isCallback, stateOf, withoutResponse } from "../../src/manager/response-url.ts";

const REDIRECT = "https://app.example/callback";

test.for([
  [`${REDIRECT}?state=s&code=c`, true],
  [`${REDIRECT}?keep=1&error=access_denied&state=s`, true],
  [`${REDIRECT}#state=s&access_token=t`, true],
  [`${REDIRECT}?code=c`, false],
  [`${REDIRECT}?state=s`, false],
  [REDIRECT, false],
  ["https://app.example/other?state=s&code=c", false],
  ["https://other.example/callback?state=s&code=c", false],
  ["http://app.example/callback?state=s&code=c", false],
] as const)("%s is an authorization response: %s", ([url, is]) => {
  expect(isCallback(url, REDIRECT)).toBe(is);
});

test("its state is found wherever it stands", () => {
  expect(stateOf(new URL(`${REDIRECT}?state=a#state=b`))).toBe("a");
  expect(stateOf(new URL(`${REDIRECT}#state=b`))).toBe("b");
  expect(stateOf(new URL(REDIRECT))).toBeUndefined();
});

test("every parameter of a response goes, and nothing else", () => {
  const response =
    "code=1&state=2&iss=3&session_state=4&error=5&error_description=6&error_uri=7&access_token=8&id_token=9&token_type=10&expires_in=11";
  expect(withoutResponse(`${REDIRECT}?keep=1&${response}#${response}`)).toBe(`${REDIRECT}?keep=1`);
  expect(withoutResponse(`${REDIRECT}?code=1&state=2#chapter`)).toBe(`${REDIRECT}#chapter`);
});
