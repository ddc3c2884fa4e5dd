import { DocumentPage } from "../browser/page/document-page.ts";
import { checkRegistration, type AuthConfig } from "../core/auth-config.ts";
import { ConfigurationError, isAuthError, type AnyAuthError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import type { User } from "../core/user.ts";
import type { ImportRefusal, SessionSource } from "./source.ts";

/** Beside `from` and `remains`, what `createAuth()` is told, too. */
export interface ImportSessionConfig extends Pick<AuthConfig, "issuer" | "clientId"> {
  /** Whose sessions: `oidcClientSession()`, `auth0Session()`, or an app's own. */
  readonly from: SessionSource;
  /** As in `createAuth()`. */
  readonly persist?: "device" | "memory";
  /**
   * What becomes of the other SDK's session: `removed` when not given. `stored` is for servers that do not rotate refresh
   * tokens: where they do, two SDKs with the same one end the session.
   */
  readonly remains?: "removed" | "kept";
}

export type ImportResult =
  | { readonly type: "imported"; readonly user: User }
  /** The other SDK has no session of this client here. */
  | { readonly type: "nothing" }
  /** Somebody is signed in with Latchkey already, or signed out of it, or was forgotten within a day. */
  | { readonly type: "standing" }
  /** There is something that cannot be taken over. It stays as it is. */
  | { readonly type: "refused"; readonly reason: ImportRefusal | "ambiguous" }
  /** Nothing was changed; the next page load tries again. */
  | { readonly type: "failed"; readonly error: AnyAuthError };

/**
 * Takes over the session of the SDK that an app used before, so that nobody has to sign in again. To be awaited before
 * `createAuth()`. What may fail on the way is told and not thrown: the app starts.
 * @throws ConfigurationError an input is missing or malformed
 */
export async function importSession(config: ImportSessionConfig): Promise<ImportResult> {
  checkRegistration(config);
  if (typeof config.from?.find !== "function") {
    throw new ConfigurationError(
      "from",
      "it is missing, or it has no find()",
      "Give oidcClientSession() or auth0Session().",
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
