import { defineConfig } from "vitest/config";

/** Each test runs in both simulated browsers. Your app needs one of them. */
export default defineConfig({
  test: {
    projects: [
      { test: { name: "jsdom", environment: "jsdom" } },
      { test: { name: "happy-dom", environment: "happy-dom" } },
    ],
  },
});
