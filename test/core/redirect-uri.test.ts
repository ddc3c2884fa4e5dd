import { expect, test } from "vitest";
import { isAtRedirectUri, isNearRedirectUri } from "../../src/core/redirect-uri.ts";

test.for([
  ["com.example.app:/cb?code=c", "com.example.app:/cb"],
  ["com.example.app:///cb?code=c", "com.example.app:/cb"],
  ["com.example.app:/cb?code=c", "com.example.app:///cb"],
  ["com.example.app:/cb?code=c", "Com.Example.App:/cb"],
  ["com.example.app://cb?code=c", "com.example.app://cb"],
  ["com.example.app://cb/?code=c", "com.example.app://cb"],
  ["com.example.app://oauth/cb?code=c", "com.example.app://OAuth/cb"],
  ["capacitor://localhost?code=c", "capacitor://localhost"],
  ["capacitor://localhost/?code=c", "capacitor://localhost"],
  ["capacitor://localhost?code=c", "capacitor://localhost/"],
  ["https://app.example.com/?code=c", "https://app.example.com"],
  ["https://app.example.com/cb?code=c", "https://APP.example.com:443/cb?from=id"],
  ["com.example.app:/?code=c", "com.example.app:///"],
  ["https://abcdefgh.chromiumapp.org/?code=c", "https://abcdefgh.chromiumapp.org/"],
] as const)("%s is at %s", ([url, redirectUri]) => {
  expect(isAtRedirectUri(url, redirectUri)).toBe(true);
  expect(isNearRedirectUri(url, redirectUri)).toBe(true);
});

test.for([
  ["https://app.example.com/cb/?code=c", "https://app.example.com/cb"],
  ["https://app.example.com/cb#code=c", "https://app.example.com/cb/"],
  ["http://localhost:5173/cb/?to=/a/", "http://LOCALHOST:5173/cb"],
] as const)("A3: %s is recognised, but is not at %s", ([url, redirectUri]) => {
  expect(isNearRedirectUri(url, redirectUri)).toBe(true);
  expect(isAtRedirectUri(url, redirectUri)).toBe(false);
});

test.for([
  ["com.example.app:/other?code=c", "com.example.app:/cb"],
  ["com.example.evil:/cb?code=c", "com.example.app:/cb"],
  ["com.example.app://cb?code=c", "com.example.app:/cb"],
  ["com.example.app:cb?code=c", "com.example.app://cb"],
  ["com.example.app://host/cb?code=c", "com.example.app:/cb"],
  ["com.example.app:/cb/?code=c", "com.example.app:/cb"],
  ["capacitor://localhost/orders?code=c", "capacitor://localhost"],
  ["capacitor://evil/?code=c", "capacitor://localhost"],
  ["https://app.example.com/cb//?code=c", "https://app.example.com/cb"],
  ["https://app.example.com/CB?code=c", "https://app.example.com/cb"],
  ["http://app.example.com/cb?code=c", "https://app.example.com/cb"],
  ["https://app.example.com:444/cb?code=c", "https://app.example.com/cb"],
  ["/cb?code=c", "https://app.example.com/cb"],
  ["not a URL", "not a URL"],
] as const)("%s is not at %s", ([url, redirectUri]) => {
  expect(isAtRedirectUri(url, redirectUri)).toBe(false);
  expect(isNearRedirectUri(url, redirectUri)).toBe(false);
});
