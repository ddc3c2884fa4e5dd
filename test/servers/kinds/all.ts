import type { ServerKind } from "../server.ts";
import { DEX } from "./dex.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";
import { ORY_HYDRA } from "./ory-hydra.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [OIDC_PROVIDER, ORY_HYDRA, DEX];
