import { expect, test } from "vitest";
import { createAuth } from "../../src/index.ts";
import { serveRefreshes } from "../../src/worker.ts";

test("serveRefreshes() outside of a shared worker says where to call it", () => {
  expect(() => serveRefreshes()).toThrow(
    expect.objectContaining({
      code: "configuration",
      hint: expect.stringContaining("auth-worker"),
    }),
  );
});

test("createAuth() refuses a worker that is not a function", () => {
  const worker = "/auth-worker.js" as unknown as () => SharedWorker;
  const config = { issuer: "https://id.example", clientId: "web", redirectUri: "/", worker };
  expect(() => createAuth(config)).toThrow(
    expect.objectContaining({ code: "configuration", input: "worker" }),
  );
});

test("createAuth() with a worker starts nothing in Node", async () => {
  const worker = () => {
    throw new Error("a worker was started");
  };
  const auth = createAuth({
    issuer: "https://id.example",
    clientId: "web",
    redirectUri: "/",
    worker,
  });
  // The page's side is loaded, and finds no page.
  await import("../../src/compose/worker.chunk.ts");
  await expect(auth.getToken()).rejects.toMatchObject({ code: "configuration" });
  expect(auth.state.status).toBe("loading");
});
