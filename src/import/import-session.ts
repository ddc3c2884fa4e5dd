import { DocumentPage } from "../browser/page/document-page.ts";
import { checkRegistration } from "../core/auth-config.ts";
import { ConfigurationError, isAuthError } from "../core/errors.ts";
import { chunk } from "../core/lazy.ts";
import { checkStores } from "../core/own-stores.ts";
import type { ImportResult, ImportSessionConfig } from "./source.ts";

/**
 * Imports the session that the app's former SDK has stored, so the user need not log in again. Await `importSession()` before
 * you call `createAuth()`. If the import fails, the result has the type `failed`, and the app can continue without the session.
 * @throws ConfigurationError an option is missing or malformed
 * @example
 * const client = { issuer: "https://id.example.com", clientId: "web" };
 * const result = await importSession({ ...client, from: oidcClientSession() });
 * if (result.type === "failed") console.warn(result.error.message);
 */
export async function importSession(config: ImportSessionConfig): Promise<ImportResult> {
  checkRegistration(config);
  checkStores(config);
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
    if (found.type !== "found") return { type: "refused", reason: found.type };
    const { importFound } = await chunk(import("./run-import.ts"));
    return await importFound(found, config);
  } catch (error) {
    if (isAuthError(error)) return { type: "failed", error };
    throw error;
  }
}
