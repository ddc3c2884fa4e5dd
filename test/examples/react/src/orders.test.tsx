import type { Auth } from "latchkey";
import { AuthProvider } from "latchkey/react";
import { fakeAuth, fakeProvider } from "latchkey/testing";
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { act } from "react";
import { createRoot } from "react-dom/client";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Orders } from "./orders.tsx";

/** The API accepts the tokens of the fake provider only. */
const provider = fakeProvider();
const server = setupServer(
  http.all(`${new URL(provider.issuer).origin}/*`, ({ request }) => provider.handle(request)),
  http.get("*/api/orders", ({ request }) => {
    const token = request.headers.get("authorization")?.replace("Bearer ", "") ?? "";
    const user = provider.userOf(token);
    return user
      ? HttpResponse.json([`an order of ${user}`])
      : new HttpResponse(null, { status: 401 });
  }),
);
beforeAll(() => {
  vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
  server.listen({ onUnhandledRequest: "error" });
});
afterAll(() => server.close());

async function show(auth: Auth): Promise<HTMLElement> {
  const element = document.body.appendChild(document.createElement("div"));
  const app = (
    <AuthProvider auth={auth}>
      <Orders />
    </AuthProvider>
  );
  await act(async () => createRoot(element).render(app));
  return element;
}

test("a user who is not signed in sees a button, and their orders after the login", async () => {
  const { access_token: token } = await provider.issueTokens({ user: "ada" });
  const auth = fakeAuth({ user: "ada", token, state: "anonymous" });
  const element = await show(auth);
  expect(element.textContent).toBe("Sign in");
  await act(async () => element.querySelector("button")!.click());
  await vi.waitFor(() => act(async () => expect(element.textContent).toBe("an order of ada")));
  expect(auth.calls.login).toHaveLength(1);
});

test("an API that refuses the token is reported", async () => {
  const { access_token: token } = await provider.issueTokens({ user: "ada" });
  provider.expireAccessTokens("ada");
  const element = await show(fakeAuth({ user: "ada", token }));
  await vi.waitFor(() => act(async () => expect(element.textContent).toContain("cannot be shown")));
});
