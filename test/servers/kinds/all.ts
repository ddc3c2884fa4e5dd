import type { ServerKind } from "../server.ts";
import { AUTHLIB } from "./authlib.ts";
import { BETWEEN } from "./between.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";
import {
  SPRING_AUTHORIZATION_SERVER,
  SPRING_AUTHORIZATION_SERVER_REFRESH,
} from "./spring-authorization-server.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [
  SPRING_AUTHORIZATION_SERVER,
  SPRING_AUTHORIZATION_SERVER_REFRESH,
  OIDC_PROVIDER,
  AUTHLIB,
  ...BETWEEN,
];
