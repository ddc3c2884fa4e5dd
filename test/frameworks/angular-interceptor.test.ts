import "./angular-testing.ts";
import {
  HttpClient,
  provideHttpClient,
  withInterceptors,
  type HttpErrorResponse,
} from "@angular/common/http";
import {
  HttpTestingController,
  provideHttpClientTesting,
  type TestRequest,
} from "@angular/common/http/testing";
import { DOCUMENT, type Provider } from "@angular/core";
import { TestBed } from "@angular/core/testing";
import { firstValueFrom } from "rxjs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authInterceptor, provideAuth, type AuthInterceptorConfig } from "../../src/angular.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import { fakeAuth, type FakeAuth } from "../../src/testing.ts";

const API = "https://api.example.com";
let auth: FakeAuth;
let http: HttpClient;
let backend: HttpTestingController;

function setUp(config: AuthInterceptorConfig, providers: readonly Provider[] = []): void {
  TestBed.configureTestingModule({
    providers: [
      provideAuth(auth),
      provideHttpClient(withInterceptors([authInterceptor(config)])),
      provideHttpClientTesting(),
      ...providers,
    ],
  });
  http = TestBed.inject(HttpClient);
  backend = TestBed.inject(HttpTestingController);
}
beforeEach(() => {
  auth = fakeAuth();
  auth.setUser("ada");
});
afterEach(() => {
  backend.verify();
  TestBed.resetTestingModule();
});

/** Waits until the backend has received the next request. */
async function next(): Promise<TestRequest> {
  let requests: TestRequest[] = [];
  await vi.waitFor(() => expect((requests = backend.match(() => true))).toHaveLength(1));
  return requests[0]!;
}
const tokenOf = ({ request }: TestRequest) => request.headers.get("Authorization");

describe("adds the token", () => {
  test.for([
    [`${API}/v1/orders`, true],
    [`${API}/v1?page=2`, true],
    [`${API}/v12`, false],
    [`${API}/v1/..%2fadmin`, false],
    [`${API}/v1/public/news`, false],
    ["https://api.example.com.evil.example/v1", false],
    ["http://api.example.com/v1", false],
    ["/api/me", true],
    ["/assets/logo.svg", false],
  ] as const)("C8: to %s: %s", async ([url, isAllowed]) => {
    setUp({ allow: [`${API}/v1`, "/api"], exclude: ["/v1/public"] });
    const response = firstValueFrom(http.get(url));
    const sent = await next();
    expect(tokenOf(sent)).toBe(isAllowed ? "Bearer token of ada" : null);
    if (isAllowed) expect(sent.request.redirect).toBe("error");
    sent.flush({ orders: 1 });
    expect(await response).toEqual({ orders: 1 });
    expect(auth.calls.getToken.map(({ prompt }) => prompt)).toEqual(isAllowed ? ["none"] : []);
  });

  test("to a whole origin, and follows redirects then", async () => {
    setUp({ allow: [API] });
    const response = firstValueFrom(http.post(`${API}/orders`, { id: 7 }));
    const sent = await next();
    expect([tokenOf(sent), sent.request.redirect, sent.request.body]).toEqual([
      "Bearer token of ada",
      undefined,
      { id: 7 },
    ]);
    sent.flush(null);
    expect(await response).toBeNull();
  });
});

test("without a token, the request is not sent and fails with the error of getToken()", async () => {
  auth.setToken(() => Promise.reject(new NoTokenError("no user is logged in")));
  setUp({ allow: [API] });
  await expect(firstValueFrom(http.get(`${API}/orders`))).rejects.toMatchObject({
    code: "no_token",
  });
  backend.expectNone(() => true);
});

describe("on a page that comes from neither https nor localhost", () => {
  beforeEach(() => {
    const origin = "http://app.example.com";
    const page = { baseURI: `${origin}/`, location: { origin }, cookie: "" };
    setUp({ allow: [API, "/api"], exclude: ["/api/public"] }, [
      { provide: DOCUMENT, useValue: page },
    ]);
  });

  test("a request to an allowed path is not sent, and fails with a ConfigurationError", async () => {
    const error = await firstValueFrom(http.get("/api/me")).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "configuration", input: "allow" });
    expect(auth.calls.getToken).toEqual([]);
    backend.expectNone(() => true);
  });

  test.for([
    ["/assets/logo.svg", null],
    ["/api/public/news", null],
    [`${API}/orders`, "Bearer token of ada"],
  ] as const)("a request to %s has the Authorization header %s", async ([url, token]) => {
    const response = firstValueFrom(http.get(url));
    const sent = await next();
    expect(tokenOf(sent)).toBe(token);
    sent.flush(null);
    await response;
  });
});

test("a caller that unsubscribes aborts getToken(), and nothing is sent", async () => {
  auth.setToken(() => new Promise(() => {}));
  setUp({ allow: [API] });
  const subscription = http.get(`${API}/orders`).subscribe();
  expect(auth.calls.getToken[0]!.signal!.aborted).toBe(false);
  subscription.unsubscribe();
  expect(auth.calls.getToken[0]!.signal!.aborted).toBe(true);
  backend.expectNone(() => true);
});

test("a caller that unsubscribes aborts the request", async () => {
  setUp({ allow: [API] });
  const subscription = http.get(`${API}/orders`).subscribe();
  const sent = await next();
  subscription.unsubscribe();
  expect(sent.cancelled).toBe(true);
});

const REFUSED = { status: 401, statusText: "Unauthorized" };

test("after a 401, the request is repeated once with a newer token", async () => {
  auth.setToken(async ({ cache }) => (cache === "reload" ? "newer" : "older"));
  setUp({ allow: [API] });
  const response = firstValueFrom(http.get(`${API}/orders`));
  const first = await next();
  expect(tokenOf(first)).toBe("Bearer older");
  first.flush(null, REFUSED);
  const second = await next();
  expect(tokenOf(second)).toBe("Bearer newer");
  second.flush({ orders: 1 });
  expect(await response).toEqual({ orders: 1 });
  expect(auth.calls.getToken.at(-1)).toMatchObject({
    cache: "reload",
    refused: "older",
    prompt: "none",
  });
});

test("A9: an API that refuses every token gets one more request, and then none for a while", async () => {
  auth.setToken(async ({ cache }) => (cache === "reload" ? "newer" : "older"));
  setUp({ allow: [API] });
  const failure = (url: string) =>
    firstValueFrom(http.get(url)).catch(({ status }: HttpErrorResponse) => status);
  const first = failure(`${API}/orders`);
  (await next()).flush(null, REFUSED);
  (await next()).flush(null, REFUSED);
  expect(await first).toBe(401);
  const second = failure(`${API}/invoices`);
  (await next()).flush(null, REFUSED);
  expect(await second).toBe(401);
});

test("other errors of the API are passed on", async () => {
  setUp({ allow: [API] });
  const response = firstValueFrom(http.get(`${API}/orders`)).catch((error: unknown) => error);
  (await next()).flush(null, { status: 503, statusText: "Service Unavailable" });
  expect(await response).toMatchObject({ name: "HttpErrorResponse", status: 503 });
});

test("a token that a header cannot contain is in no error", async () => {
  auth.setToken(async () => "secret \u{1f511}");
  setUp({ allow: [API] });
  const error = await firstValueFrom(http.get(`${API}/orders`)).catch((error: unknown) => error);
  expect(error).toMatchObject({ code: "configuration", input: "token" });
  expect(String(error)).not.toContain("secret");
});

test.for([["api.example.com"], ["http://api.example.com"], ["/api?page=2"]])(
  "refuses %s in `allow` with a ConfigurationError",
  ([entry]) => {
    setUp({ allow: [API] });
    expect(() => authInterceptor({ allow: [entry!] })).toThrow(
      expect.objectContaining({ code: "configuration", input: "allow" }),
    );
  },
);
