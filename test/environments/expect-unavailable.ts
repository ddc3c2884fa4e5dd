import { expect } from "vitest";

/** Imports a module that calls `createAuth()` in a simulated browser, which has no IndexedDB. Expects errors that say so. */
export async function expectUnavailable(): Promise<void> {
  const { auth, api, billing } = await import("./app.ts");
  expect(typeof document).toBe("object");
  expect(auth.state).toMatchObject({ status: "unavailable", error: { code: "configuration" } });
  await expect(auth.getToken()).rejects.toMatchObject({
    code: "configuration",
    input: "indexedDB",
  });
  await expect(auth.login()).rejects.toMatchObject({ code: "configuration" });
  await expect(auth.fetch("/api")).rejects.toMatchObject({ code: "configuration" });
  await expect(api("https://api.example.com/")).rejects.toMatchObject({ code: "configuration" });
  await expect(billing.getToken()).rejects.toThrow();
  auth.subscribe(() => {})();
  auth.dispose();
}
