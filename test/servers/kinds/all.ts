import type { ServerKind } from "../server.ts";
import { DJANGO_OAUTH_TOOLKIT } from "./django-oauth-toolkit.ts";
import { GLEWLWYD } from "./glewlwyd.ts";
import { LEMONLDAP_NG } from "./lemonldap-ng.ts";
import { OIDC_PROVIDER } from "./oidc-provider.ts";

/** Every kind of server, in the order of the run. */
export const KINDS: readonly ServerKind[] = [
  OIDC_PROVIDER,
  DJANGO_OAUTH_TOOLKIT,
  GLEWLWYD,
  LEMONLDAP_NG,
];
