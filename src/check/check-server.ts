import { clockFinding } from "./clock.ts";
import { corsFinding } from "./cors.ts";
import { endpointFindings } from "./endpoints.ts";
import { listOf, note, type Document, type Finding } from "./finding.ts";
import { checkRedirectUri, originOf } from "./app-urls.ts";
import { isWebPage } from "./authorization-request.ts";
import { keyFindings } from "./keys.ts";
import { DEFAULT_SCOPE, loginFindings } from "./login.ts";
import { metadataFindings } from "./metadata.ts";
import { checkIssuer, readMetadata } from "./read-metadata.ts";
import { createSend } from "./request.ts";

/** What is known of the app. */
export interface CheckOptions {
  readonly issuer: string;
  readonly clientId?: string | undefined;
  readonly redirectUri?: string | undefined;
  /** The origin of the app's pages. Default: the origin of the redirect URI. */
  readonly origin?: string | undefined;
}

/** What an app can expect of a server, and what must change. */
export interface Report {
  readonly issuer: string;
  readonly findings: readonly Finding[];
  /** Whether a login of the client was tried. */
  readonly isLoginTried: boolean;
  /** Whether `createAuth()` also needs a `userAgent` of the app, which `config` cannot contain. */
  readonly needsUserAgent: boolean;
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
 * @throws CannotCheck the issuer, the redirect URI or the origin is not a URL, or the server sends no metadata
 */
export async function checkServer(options: CheckOptions): Promise<Report> {
  const { clientId, redirectUri } = options;
  checkRedirectUri(redirectUri);
  const client =
    clientId === undefined || redirectUri === undefined ? undefined : { clientId, redirectUri };
  const isPage = redirectUri !== undefined && isWebPage(redirectUri);
  const needsUserAgent = redirectUri !== undefined && !isPage;
  const given = originOf(options.origin);
  const ownOrigin = given ?? (isPage ? new URL(redirectUri).origin : undefined);
  const origin = ownOrigin ?? SOME_ORIGIN;
  const send = createSend(DEADLINE_MS);
  const read = await readMetadata(options.issuer, send, origin);
  const { document, response } = read;
  const isAppKnown = client !== undefined && ownOrigin !== undefined;
  const [issuer, keys, endpoints, login] = await Promise.all([
    checkIssuer(read, send),
    keyFindings(document, send, origin, isAppKnown),
    endpointFindings({ document, send, origin, client, isAppKnown }),
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
      needsUserAgent ? SHELL : undefined,
      ...(login?.findings ?? [
        note("login", "not tried", "Pass --client-id and --redirect-uri to try it."),
      ]),
      ...(login?.scope || isDefault ? [] : [scopeNote(scope)]),
      refreshNote(document),
    ].filter((finding) => finding !== undefined),
    isLoginTried: client !== undefined,
    needsUserAgent,
    config: {
      issuer: issuer.issuer,
      clientId: clientId ?? "web",
      redirectUri: redirectUri ?? "/",
      ...(login?.scope && !isDefault && { scope }),
    },
  };
}

const SHELL: Finding = note(
  "redirect URI",
  "the response arrives outside the app's page",
  "Set `userAgent` to an object that receives the response at the redirect URI.",
);

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
