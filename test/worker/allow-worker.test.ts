import { afterEach, expect, test, vi } from "vitest";
import { allowWorker } from "../../demo/app/trusted-types.ts";

/** The demo's default policy for Trusted Types. */

afterEach(() => void vi.unstubAllGlobals());

/** Returns the rule of the default policy that the demo's page creates. */
function rule(): (url: string) => string {
  const createPolicy =
    vi.fn<(name: string, rules: { createScriptURL: (url: string) => string }) => void>();
  vi.stubGlobal("window", { trustedTypes: { createPolicy } });
  vi.stubGlobal("location", new URL("https://app.example/users?a=b"));
  allowWorker();
  const [name, { createScriptURL }] = createPolicy.mock.calls[0]!;
  expect(name).toBe("default");
  return createScriptURL;
}

test.for([
  "https://app.example/assets/auth-worker-Dx_1-a9.js",
  "/auth-worker.js",
  "https://app.example/auth-worker.ts?worker_file&type=module",
])("the page may start its worker at %s", (url) => {
  expect(rule()(url)).toBe(url);
});

test.for([
  "https://app.example/uploads/auth-worker.js",
  "https://app.example/assets/main-Dx1.js",
  "https://app.example/jsonp?callback=auth-worker.js",
  "https://app.example/assets/auth-worker.js.map",
  "https://evil.example/auth-worker.js",
  "data:text/javascript,auth-worker.js",
])("the page may load no other script, such as %s", (url) => {
  expect(() => rule()(url)).toThrow(TypeError);
});
