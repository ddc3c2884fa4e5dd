declare module "*/Account.svelte" {
  import type { Component } from "svelte";
  import type { TokenTarget } from "../../src/core/token-target.ts";
  import type { User } from "../../src/core/user.ts";

  const component: Component<{ target?: TokenTarget; onUser?: (user?: User) => void }>;
  export default component;
}

declare module "*/App.svelte" {
  import type { Component } from "svelte";
  import type { Auth } from "../../src/core/auth.ts";
  import type { TokenTarget } from "../../src/core/token-target.ts";
  import type { User } from "../../src/core/user.ts";

  const component: Component<{
    auth: Auth;
    target?: TokenTarget;
    onUser?: (user?: User) => void;
  }>;
  export default component;
}

declare module "*/Guide.svelte" {
  import type { Component } from "svelte";
  import type { Auth } from "../../src/core/auth.ts";

  const component: Component<{ auth: Auth }>;
  export default component;
}

declare module "*/Guarded.svelte" {
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

declare module "*/frameworks/Account.vue" {
  import type { Component } from "vue";

  const component: Component;
  export default component;
}
