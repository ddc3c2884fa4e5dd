import type { ServerKind } from "../server.ts";
import { KEYCLOAK, KEYCLOAK_OFFLINE, KEYCLOAK_REVOKING, KEYCLOAK_SHORT_LIVED } from "./keycloak.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [
  OIDC_PROVIDER,
  KEYCLOAK,
  KEYCLOAK_OFFLINE,
  KEYCLOAK_REVOKING,
  KEYCLOAK_SHORT_LIVED,
];
