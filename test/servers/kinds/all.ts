import type { ServerKind } from "../server.ts";
import { AUTHLIB } from "./authlib.ts";
import { BETWEEN } from "./between.ts";
import { DEX } from "./dex.ts";
import { DJANGO_OAUTH_TOOLKIT } from "./django-oauth-toolkit.ts";
import { GLEWLWYD } from "./glewlwyd.ts";
import { KEYCLOAK, KEYCLOAK_OFFLINE, KEYCLOAK_REVOKING, KEYCLOAK_SHORT_LIVED } from "./keycloak.ts";
import { LEMONLDAP_NG } from "./lemonldap-ng.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";
import { ORY_HYDRA } from "./ory-hydra.ts";
import {
  SPRING_AUTHORIZATION_SERVER,
  SPRING_AUTHORIZATION_SERVER_REFRESH,
} from "./spring-authorization-server.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [
  KEYCLOAK,
  KEYCLOAK_OFFLINE,
  KEYCLOAK_REVOKING,
  KEYCLOAK_SHORT_LIVED,
  ORY_HYDRA,
  SPRING_AUTHORIZATION_SERVER,
  SPRING_AUTHORIZATION_SERVER_REFRESH,
  OIDC_PROVIDER,
  DEX,
  DJANGO_OAUTH_TOOLKIT,
  AUTHLIB,
  GLEWLWYD,
  LEMONLDAP_NG,
  ...BETWEEN,
];
