import { expect, test } from "vitest";

test("a module worker imports the entry points and gets tokens with one request", async () => {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const result = await new Promise((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => resolve(data));
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  });
  worker.terminate();
  expect(result).toEqual({
    tokens: 1,
    requests: ["metadata", "token"],
    isSent: true,
    failure: "Error: not needed",
    window: "undefined",
  });
});
