import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

/** Each test runs in both simulated browsers. Your app needs one of them. */
export default defineConfig({
  plugins: [vue()],
  test: {
    projects: [
      { extends: true, test: { name: "jsdom", environment: "jsdom" } },
      { extends: true, test: { name: "happy-dom", environment: "happy-dom" } },
    ],
  },
});
