export { createClient } from "./compose/create-client.ts";
export type { Client } from "./compose/client.ts";
export type { ClientGrantParts, CreateClientConfig } from "./compose/create-client.ts";
export { ClientCredentialsGrant } from "./grants/client-credentials-grant.ts";
export type { ClientCredentialsConfig } from "./grants/client-credentials-grant.ts";
export { PasswordGrant } from "./grants/password-grant.ts";
export type { Credentials, PasswordConfig } from "./grants/password-grant.ts";
export { basicAuthorizationHeader } from "./oidc/token/basic-authorization.ts";
export { DeviceCodeGrant } from "./grants/device/device-code-grant.ts";
export type {
  DeviceChoice,
  DeviceCode,
  DevicePrompt,
  DevicePromptOptions,
  DeviceStatus,
} from "./core/device-prompt.ts";
export { isAuthError } from "./core/errors.ts";
export type { AnyAuthError } from "./core/errors.ts";
