import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [sveltekit()],
  // Only in this repository, where the pages import Latchkey's source instead of its package.
  server: { fs: { allow: ["../../.."] } },
  optimizeDeps: { include: ["idb-keyval", "jose", "oidc-client-ts"] },
});
