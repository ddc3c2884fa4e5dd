import { expect, test } from "vitest";
import { clientKey } from "../../../src/core/keys.ts";
import { clientTag } from "../../../src/core/response-state.ts";
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
  [`${REDIRECT}#/error=access_denied&state=${STATE}`, true],
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

test.for([
  [`capacitor://localhost/?state=${STATE}&code=c`, true],
  [`capacitor://localhost?state=${STATE}&code=c`, true],
  ["capacitor://localhost/", false],
  ["capacitor://localhost/?code=94103&state=CA", false],
  [`capacitor://localhost/orders?state=${STATE}&code=c`, false],
  [`app://localhost/?state=${STATE}&code=c`, false],
] as const)("C1: the redirect URI is the start page of a native app, and %s: %s", ([url, is]) => {
  expect(isCallback(url, "capacitor://localhost", CLIENT)).toBe(is);
});

test("a response that a user agent accepts is accepted by handleCallback(), too", () => {
  const url = `com.example.app:///cb?state=${STATE}&code=c`;
  expect(isCallback(url, "com.example.app:/cb", CLIENT)).toBe(true);
});

test("a page of the app is not at a redirect URI with the app's scheme", () => {
  const url = `https://localhost/cb?state=${STATE}&code=c`;
  expect(isCallback(url, "com.example.app:/cb", CLIENT)).toBe(false);
});

test("the state is found in the query and in the fragment", () => {
  const find = (rest: string) => stateOf(new URL(REDIRECT + rest), CLIENT);
  expect(find(`?code=c&state=${STATE}#code=d&state=b`)).toBe(STATE);
  expect(find(`?code=c&state=a#code=d&state=${STATE}`)).toBe(STATE);
  expect(find(`?code=c&state=a`)).toBeUndefined();
  expect(find("")).toBeUndefined();
});

test.for([
  ["https://app.example.com", "https://app.example.com/?"],
  ["https://app.example.com?x=1", "https://app.example.com/?x=1&"],
  ["HTTPS://App.Example.com:443", "https://app.example.com/?"],
  ["https://app.example.com/a/../cb", "https://app.example.com/cb?"],
] as const)("C4: a response to the redirect URI %s is recognised at %s", ([redirectUri, place]) => {
  expect(isCallback(`${place}code=c&state=${STATE}`, redirectUri, CLIENT)).toBe(true);
  expect(isCallback(`https://app.example.com/other?state=${STATE}`, redirectUri, CLIENT)).toBe(
    false,
  );
});

test("C2: each of two clients with one redirect URI recognises its own response only", () => {
  const other = clientKey("https://id.example", "admin");
  const [one, two] = [CLIENT, other].map(
    (client) => `${REDIRECT}?code=c&state=${clientTag(client)}.${"s".repeat(43)}`,
  );
  expect([one, two].map((url) => isCallback(url!, REDIRECT, CLIENT))).toEqual([true, false]);
  expect([one, two].map((url) => isCallback(url!, REDIRECT, other))).toEqual([false, true]);
});

test.for([
  ["Google", "scope=openid%20email&authuser=0&hd=example.com&prompt=consent"],
  ["Duende", "scope=openid&session_state=x&iss=https%3A%2F%2Fid.example"],
  ["Entra", "client_info=e30&session_state=x&cloud_instance_name=login.microsoftonline.com"],
  ["Hydra", "error_hint=h&error_debug=d"],
])("C3: the parameters that %s adds are removed", ([, extra]) => {
  expect(withoutResponse(`${REDIRECT}?keep=1&code=c&state=2&${extra}#/a`, "2")).toBe(
    `${REDIRECT}?keep=1#/a`,
  );
  // They belong to the app or to another integration.
  const foreign = `${REDIRECT}?code=c&state=3&${extra}`;
  expect(withoutResponse(foreign, "2")).toBe(foreign);
});

test("C3: a response to which a router has added a slash is removed from the fragment", () => {
  expect(withoutResponse(`${REDIRECT}#/error=access_denied&state=2`, "2")).toBe(REDIRECT);
  const route = `${REDIRECT}#/orders?code=7&state=2`;
  expect(withoutResponse(route, "3")).toBe(route);
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
