import { DocumentPage } from "../browser/page/document-page.ts";
import { checkRegistration, type AuthConfig } from "../core/auth-config.ts";
import { ConfigurationError, isAuthError, type AnyAuthError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import type { User } from "../core/user.ts";
import type { ImportRefusal, SessionSource } from "./source.ts";

/** Options of `importSession()`. Pass `issuer`, `clientId` and `persist` as to `createAuth()`. */
export interface ImportSessionConfig extends Pick<AuthConfig, "issuer" | "clientId"> {
  /** The other SDK's sessions: `oidcClientSession()`, `auth0Session()`, or a source of the app. */
  readonly from: SessionSource;
  /** Where Latchkey stores tokens, as in `createAuth()`. */
  readonly persist?: "device" | "memory";
  /**
   * Whether the other SDK's session is removed after the import. Use `kept` only if the server does not rotate refresh tokens:
   * two SDKs that share a rotating refresh token end the session. Default: `removed`.
   */
  readonly remains?: "removed" | "kept";
}

/** The result of `importSession()`. */
export type ImportResult =
  | { readonly type: "imported"; readonly user: User }
  /** The other SDK has no session of this client. */
  | { readonly type: "nothing" }
  /** A user is already logged in with Latchkey, has logged out of it, or was forgotten within the last day. */
  | { readonly type: "standing" }
  /** The other SDK's session cannot be imported. Nothing was changed. */
  | { readonly type: "refused"; readonly reason: ImportRefusal | "ambiguous" }
  /** The import failed and changed nothing. The next page load tries again. */
  | { readonly type: "failed"; readonly error: AnyAuthError };

/**
 * Imports the session of the SDK that an app used before, so that its users need not log in again. Await the call before
 * `createAuth()`. A failed import does not throw, so that the app starts: the result has the type `failed` and the error.
 * @throws ConfigurationError an option is missing or malformed
 * @example
 * const client = { issuer: "https://id.example.com", clientId: "web" };
 * const result = await importSession({ ...client, from: oidcClientSession() });
 * if (result.type === "failed") console.warn(result.error.message);
 */
export async function importSession(config: ImportSessionConfig): Promise<ImportResult> {
  checkRegistration(config);
  if (typeof config.from?.find !== "function") {
    throw new ConfigurationError(
      "from",
      "it is missing, or it has no find() method",
      "Pass oidcClientSession() or auth0Session().",
    );
  }
  const problem = new DocumentPage().unsupported();
  if (problem) return { type: "failed", error: problem };
  try {
    const { issuer, clientId, from } = config;
    const found = await from.find({ issuer, clientId });
    if (!found) return { type: "nothing" };
    if (found.type !== "left") return { type: "refused", reason: found.type };
    const { importFound } = await chunk(import("./run-import.ts"));
    return await importFound(found, config);
  } catch (error) {
    if (isAuthError(error)) return { type: "failed", error };
    throw error;
  }
}
