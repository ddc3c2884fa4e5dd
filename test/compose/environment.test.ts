import { expect, test } from "vitest";
import { ConfigurationError, createAuth } from "../../src/index.ts";

const config = { issuer: "https://id.example.com", clientId: "web", redirectUri: "/callback" };

test("in Node createAuth() stays loading, and its calls reject with the reason", async () => {
  const auth = createAuth(config);
  expect(auth.state).toMatchObject({ status: "loading" });
  for (const call of [
    () => auth.getToken(),
    () => auth.login(),
    () => auth.getUser(),
    () => auth.handleCallback(),
    () => auth.logout(),
    () => auth.fetch("/api"),
    () => auth.fetch("https://app.example/api"),
  ]) {
    await expect(call()).rejects.toMatchObject({
      code: "configuration",
      input: "environment",
      hint: expect.stringContaining("browser"),
    });
  }
  auth.start();
  auth.dispose();
  expect(auth.state).toMatchObject({ status: "loading" });
});

test("a bad option throws at the call of createAuth(), also in Node", () => {
  expect(() => createAuth({ ...config, issuer: "id.example.com" })).toThrow(ConfigurationError);
});
