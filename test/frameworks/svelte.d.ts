declare module "*/Account.svelte" {
  import type { Component } from "svelte";
  import type { Auth } from "../../src/core/auth.ts";

  const component: Component<{ auth: Auth }>;
  export default component;
}

declare module "*/SignIn.svelte" {
  import type { Component } from "svelte";
  import type { Auth } from "../../src/core/auth.ts";

  const component: Component<{ auth: Auth; onError: (event: Event) => void }>;
  export default component;
}
