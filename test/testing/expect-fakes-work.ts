import { expect, vi } from "vitest";
import { fakeAuth, fakeProvider, ManualClock } from "../../src/testing.ts";

/** Uses `latchkey/testing` in a simulated browser. */
export async function expectFakesWork(): Promise<void> {
  expect(typeof document).toBe("object");
  const auth = fakeAuth({ user: "ada", token: "t1" });
  const send = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("ok"));
  await auth.fetch("/api/me", { method: "POST", body: "x" });
  const [sent] = auth.calls.fetch;
  expect(sent!.url).toBe(new URL("/api/me", location.href).href);
  expect(sent!.headers.get("authorization")).toBe("Bearer t1");
  await expect(auth.fetch("https://other.example/api")).rejects.toMatchObject({ input: "url" });
  expect(send).toHaveBeenCalledTimes(1);
  const base = document.createElement("base");
  base.href = "/app/";
  document.head.append(base);
  await auth.fetch("api/orders");
  expect(auth.calls.fetch[1]!.url).toBe(new URL("/app/api/orders", location.href).href);
  base.remove();
  send.mockRestore();
  await auth.login({ returnTo: "/orders" });
  const foreign = auth.login({ returnTo: "https://other.example/" });
  await expect(foreign).rejects.toMatchObject({ code: "configuration", input: "returnTo" });
  await auth.logout();
  expect(auth.state.status).toBe("anonymous");

  const clock = new ManualClock();
  const provider = fakeProvider({ clock });
  const { refresh_token: token, access_token: access } = await provider.issueTokens();
  clock.advance(300_000);
  expect(provider.userOf(access)).toBeUndefined();
  const response = await provider.fetch(`${provider.issuer}/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `grant_type=refresh_token&client_id=web&refresh_token=${token}`,
  });
  const { access_token: newer } = (await response.json()) as { access_token: string };
  expect(provider.userOf(newer)).toBe("ada");
  provider.failNext("keys", { type: "network_error" });
  await expect(provider.fetch(`${provider.issuer}/jwks`)).rejects.toThrow(TypeError);
}
