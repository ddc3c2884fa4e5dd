import type { ServerKind } from "../server.ts";
import { BETWEEN } from "./between.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [OIDC_PROVIDER, ...BETWEEN];
