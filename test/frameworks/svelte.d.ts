declare module "*.svelte" {
  import type { Component } from "svelte";
  import type { Auth } from "../../src/core/auth.ts";

  const component: Component<{ auth: Auth }>;
  export default component;
}
