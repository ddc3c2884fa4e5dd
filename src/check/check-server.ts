import { clockFinding } from "./clock.ts";
import { corsFinding } from "./cors.ts";
import { endpointFindings } from "./endpoints.ts";
import { listOf, note, type Document, type Finding } from "./finding.ts";
import { keyFindings } from "./keys.ts";
import { DEFAULT_SCOPE, loginFindings } from "./login.ts";
import { metadataFindings } from "./metadata.ts";
import { CannotCheck, checkIssuer, readMetadata } from "./read-metadata.ts";
import { createSend } from "./request.ts";

/** What is known of the app. */
export interface CheckOptions {
  readonly issuer: string;
  readonly clientId?: string | undefined;
  readonly redirectUri?: string | undefined;
}

/** What an app can expect of a server, and what must change. */
export interface Report {
  readonly issuer: string;
  readonly findings: readonly Finding[];
  /** Whether a login of the client was tried. */
  readonly isLoginTried: boolean;
  /** The configuration for `createAuth()`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** The whole check takes at most this time. Milliseconds. */
const DEADLINE_MS = 10_000;
/** The origin for CORS if the app's own origin is not known. */
const SOME_ORIGIN = "https://app.example.com";

/**
 * Checks whether Latchkey works with an OpenID provider, and lists what to change. The check sends no secret, logs no user in
 * and changes nothing at the server. It takes at most ten seconds.
 * @throws CannotCheck the issuer or the redirect URI is not a URL, or the server sends no metadata
 */
export async function checkServer(options: CheckOptions): Promise<Report> {
  const { clientId, redirectUri } = options;
  if (redirectUri !== undefined && !/^https?:\/\/[^/]/.test(redirectUri))
    throw new CannotCheck(
      `"${redirectUri}" is not an https URL. Pass the whole redirect URI, such as https://app.example.com/`,
    );
  const client =
    clientId === undefined || redirectUri === undefined ? undefined : { clientId, redirectUri };
  const origin = redirectUri === undefined ? SOME_ORIGIN : new URL(redirectUri).origin;
  const send = createSend(DEADLINE_MS);
  const read = await readMetadata(options.issuer, send, origin);
  const { document, response } = read;
  const isAppKnown = client !== undefined;
  const [issuer, keys, endpoints, login] = await Promise.all([
    checkIssuer(read, send),
    keyFindings(document, send, origin, isAppKnown),
    endpointFindings({ document, send, origin, client }),
    client && loginFindings(document, client, send),
  ]);
  const scope = login?.scope ?? supportedScopes(document);
  const isDefault = DEFAULT_SCOPE.every((name) => scope.includes(name));
  return {
    issuer: issuer.issuer,
    findings: [
      issuer.finding,
      ...metadataFindings(document),
      clockFinding(response),
      corsFinding("metadata", response, origin, isAppKnown),
      ...keys,
      ...endpoints,
      ...(login?.findings ?? [
        note("login", "not tried", "Pass --client-id and --redirect-uri to try it."),
      ]),
      ...(login?.scope || isDefault ? [] : [scopeNote(scope)]),
      refreshNote(document),
    ].filter((finding) => finding !== undefined),
    isLoginTried: isAppKnown,
    config: {
      issuer: issuer.issuer,
      clientId: clientId ?? "web",
      redirectUri: redirectUri ?? "/",
      ...(login?.scope && !isDefault && { scope }),
    },
  };
}

/** The default scopes that the metadata lists. The metadata need not list every scope. */
function supportedScopes(document: Document): readonly string[] {
  const supported = listOf(document, "scopes_supported");
  return supported ? DEFAULT_SCOPE.filter((name) => supported.includes(name)) : DEFAULT_SCOPE;
}

const scopeNote = (scope: readonly string[]): Finding =>
  note(
    "scopes",
    `of the default scopes, scopes_supported lists only ${scope.join(", ")}`,
    `If a login fails with invalid_scope, set scope: ${JSON.stringify(scope)}.`,
  );

/** Only a login shows whether this client gets a refresh token. */
function refreshNote(document: Document): Finding | undefined {
  const isSupported = listOf(document, "grant_types_supported")?.includes("refresh_token") ?? true;
  if (!isSupported) return undefined;
  return note(
    "refresh tokens",
    "only a login shows whether this client gets one (state.token.isRenewable)",
    'If it gets none, allow refresh tokens or offline access for the client. Some servers also need loginOptions: { prompt: "consent" }.',
  );
}
