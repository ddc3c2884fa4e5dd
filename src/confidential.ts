export { createClient } from "./compose/create-client.ts";
export type { Client, CreateClientConfig } from "./compose/create-client.ts";
export { ClientCredentialsGrant } from "./grants/client-credentials-grant.ts";
export type { ClientCredentialsConfig } from "./grants/client-credentials-grant.ts";
export { PasswordGrant } from "./grants/password-grant.ts";
export type { Credentials, PasswordConfig } from "./grants/password-grant.ts";
export { basicAuthorizationHeader } from "./oidc/token/basic-authorization.ts";
