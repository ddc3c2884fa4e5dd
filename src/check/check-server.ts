import { allows } from "./cors.ts";
import { corsFindings } from "./cors.ts";
import { loginFindings } from "./authorization.ts";
import { clockFinding } from "./clock.ts";
import { change, listOf, note, ok, type Document, type Finding } from "./finding.ts";
import { keyFinding } from "./keys.ts";
import { CannotCheck, metadataFindings, readMetadata, type ReadMetadata } from "./metadata.ts";

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
  /** What to pass to `createAuth()`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** The origin for which CORS is looked at when the app's own is not known. */
const SOME_ORIGIN = "https://app.example.com";

/**
 * Looks whether Latchkey works with a server. Sends no secret, logs nobody in, and changes nothing. Takes at most ten seconds.
 * @throws CannotCheck the issuer is no URL, does not answer, or has no metadata; or the redirect URI is no URL
 */
export async function checkServer(options: CheckOptions): Promise<Report> {
  const { issuer, clientId, redirectUri } = options;
  if (redirectUri !== undefined && !URL.canParse(redirectUri))
    throw new CannotCheck(
      `"${redirectUri}" is not a URL. Pass the whole redirect URI, such as https://app.example.com/`,
    );
  const origin = redirectUri === undefined ? SOME_ORIGIN : new URL(redirectUri).origin;
  const read = await readMetadata(issuer, origin);
  const { document } = read;
  const known = clientId !== undefined && redirectUri !== undefined;
  const [keys, cors, login] = await Promise.all([
    keyFinding(document),
    corsFindings(document, origin, known ? clientId : undefined),
    known ? loginFindings(document, { clientId, redirectUri }) : undefined,
  ]);
  const findings = [
    ...metadataFindings(issuer, document),
    keys,
    clockFinding(read.answer, Date.now()),
    metadataCors(read, origin, known),
    ...cors,
    ...(login?.findings ?? [
      note("login", "not tried", "Pass --client-id and --redirect-uri to find out."),
    ]),
    ...scopeFindings(document, login?.scope),
  ];
  const named = document["issuer"];
  return {
    issuer,
    findings,
    config: {
      issuer: typeof named === "string" ? named : issuer,
      clientId: clientId ?? "web",
      redirectUri: redirectUri ?? "/",
      ...(scopeOf(document, login?.scope) && { scope: scopeOf(document, login?.scope) }),
    },
  };
}

function metadataCors({ answer }: ReadMetadata, origin: string, known: boolean): Finding {
  const topic = "CORS: metadata";
  if (allows(answer, origin)) return ok(topic, "readable");
  const seen = "the browser withholds the response";
  return known
    ? change(topic, seen, `Allow the origin ${origin} at the server.`)
    : note(topic, seen, "Pass --client-id and --redirect-uri to find out.");
}

/** The scopes that Latchkey requests besides openid, if the server says that it knows others only. */
function unknownScopes(document: Document): readonly string[] {
  const supported = listOf(document, "scopes_supported");
  return supported
    ? ["profile", "email", "offline_access"].filter((name) => !supported.includes(name))
    : [];
}

function scopeFindings(
  document: Document,
  accepted: readonly string[] | undefined,
): readonly Finding[] {
  const unknown = unknownScopes(document);
  if (accepted || unknown.length === 0) return [];
  return [
    note(
      "scopes",
      `scopes_supported lacks ${unknown.join(", ")}`,
      "If a login fails with invalid_scope, set scope as below.",
    ),
  ];
}

function scopeOf(
  document: Document,
  accepted: readonly string[] | undefined,
): readonly string[] | undefined {
  if (accepted) return accepted;
  const unknown = unknownScopes(document);
  if (unknown.length === 0) return undefined;
  return ["openid", "profile", "email", "offline_access"].filter((name) => !unknown.includes(name));
}
