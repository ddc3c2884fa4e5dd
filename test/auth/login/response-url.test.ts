import { expect, test } from "vitest";
import { withoutResponse } from "../../../src/auth/login/clean-url.ts";
import { isCallback, stateOf } from "../../../src/auth/login/response-url.ts";
import { CLIENT } from "../../refresh/tabs.ts";
import { STATE } from "../fixture.ts";

const REDIRECT = "https://app.example/callback";
/** A state in the same format, of another client. */
const FOREIGN = STATE.replace(/^\w+/, "abc");

test.for([
  [`${REDIRECT}?state=${STATE}&code=c`, true],
  [`${REDIRECT}/?state=${STATE}&code=c`, true],
  [`${REDIRECT}?keep=1&error=access_denied&state=${STATE}`, true],
  [`${REDIRECT}#state=${STATE}&access_token=t`, true],
  [`${REDIRECT}?code=c`, false],
  [`${REDIRECT}?state=${STATE}`, true],
  [REDIRECT, false],
  [`https://app.example/other?state=${STATE}&code=c`, false],
  [`https://other.example/callback?state=${STATE}&code=c`, false],
  [`http://app.example/callback?state=${STATE}&code=c`, false],
  [`${REDIRECT}?state=${FOREIGN}&code=c`, false],
  [`${REDIRECT}?code=ac_123&state=stripe-1`, false],
  [`${REDIRECT}?state=CA&code=94103`, false],
  [`${REDIRECT}#/orders?code=7&state=open`, false],
] as const)("C1: %s is a response to this client: %s", ([url, is]) => {
  expect(isCallback(url, REDIRECT, CLIENT)).toBe(is);
});

test("the state is found in the query and in the fragment", () => {
  const find = (rest: string) => stateOf(new URL(REDIRECT + rest), CLIENT);
  expect(find(`?code=c&state=${STATE}#code=d&state=b`)).toBe(STATE);
  expect(find(`?code=c&state=a#code=d&state=${STATE}`)).toBe(STATE);
  expect(find(`?code=c&state=a`)).toBeUndefined();
  expect(find("")).toBeUndefined();
});

test("E8: every response parameter is removed, and nothing else", () => {
  const response =
    "code=1&state=2&iss=3&session_state=4&error=5&error_description=6&error_uri=7&access_token=8&id_token=9&token_type=10&expires_in=11&scope=openid";
  const clean = (rest: string) => withoutResponse(REDIRECT + rest, "2");
  expect(clean(`?keep=1&${response}#${response}`)).toBe(`${REDIRECT}?keep=1`);
  expect(clean(`?code=1&state=2#chapter`)).toBe(`${REDIRECT}#chapter`);
  expect(clean(`?code=promo#code=1&state=2`)).toBe(`${REDIRECT}?code=promo`);
  expect(clean(`?code=1&state=2#/orders?code=7&state=open`)).toBe(
    `${REDIRECT}#/orders?code=7&state=open`,
  );
});
