import { parseObject } from "../core/shape.ts";
import { ask, NoAnswer, type Answer } from "./ask.ts";
import { NOTHING } from "./cors.ts";
import { change, note, ok, type Document, type Finding } from "./finding.ts";

/** The scopes that Latchkey requests by default. */
const DEFAULT_SCOPE = ["openid", "profile", "email", "offline_access"];
/** Scopes to try when the server refuses the default ones. */
const OTHER_SCOPES = [["openid", "profile", "email"], ["openid"]];
/** Errors of a server that accepts the request, and needs a user. */
const USER_NEEDED = [
  "login_required",
  "interaction_required",
  "consent_required",
  "account_selection_required",
];

/** The client of the app. */
export interface ClientToCheck {
  readonly clientId: string;
  readonly redirectUri: string;
}

/** Whether a login can begin, and with which scopes. */
export interface LoginFindings {
  readonly findings: readonly Finding[];
  /** The scopes that the server accepts. Undefined: the default scopes, or not known. */
  readonly scope?: readonly string[];
}

/** What the authorization endpoint did. */
type Reaction =
  /** It sent the browser back to the app. */
  | {
      readonly type: "returned";
      readonly error?: string;
      readonly words?: string;
      readonly issuer?: string;
    }
  /** It showed a page, such as a login page. */
  | { readonly type: "page" }
  /** It showed an error. */
  | { readonly type: "refused"; readonly words: string };

/** Sends the authorization requests that Latchkey sends, without a user. */
export async function loginFindings(
  document: Document,
  client: ClientToCheck,
): Promise<LoginFindings> {
  const endpoint = document["authorization_endpoint"];
  if (typeof endpoint !== "string" || !URL.canParse(endpoint)) return { findings: [] };
  const send = (scope: readonly string[], more: Partial<ClientToCheck & { prompt: string }> = {}) =>
    react(endpoint, { ...client, scope, ...more });
  try {
    // With prompt=none, a server without a user sends an error to the app, and only after it has accepted everything else.
    const silent = await send(DEFAULT_SCOPE, { prompt: "none" });
    const isScope = silent.type === "returned" && silent.error === "invalid_scope";
    if (!isScope) return { findings: await judge(document, client, silent, send) };
    for (const scope of OTHER_SCOPES) {
      const next = await send(scope, { prompt: "none" });
      if (next.type === "returned" && next.error === "invalid_scope") continue;
      const refused = DEFAULT_SCOPE.filter((name) => !scope.includes(name)).join(" ");
      const finding = change(
        "scopes",
        `the server refuses ${refused} (${silent.words ?? "invalid_scope"})`,
        `Allow ${refused} for this client at the server, or set scope: ${JSON.stringify(scope)}.`,
      );
      return { findings: [finding, ...(await judge(document, client, next, send))], scope };
    }
    return {
      findings: [
        change(
          "scopes",
          `the server refuses openid (${silent.words ?? "invalid_scope"})`,
          "Allow openid for this client.",
        ),
      ],
    };
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return {
      findings: [change("login", `${endpoint}: ${error.message}`, "The server must answer there.")],
    };
  }
}

async function judge(
  document: Document,
  { clientId, redirectUri }: ClientToCheck,
  reaction: Reaction,
  send: (scope: readonly string[], more: Partial<ClientToCheck>) => Promise<Reaction>,
): Promise<readonly Finding[]> {
  const what = `client ${clientId}, redirect URI ${redirectUri}`;
  if (reaction.type === "refused")
    return [
      change(
        "login",
        `refused: ${reaction.words}`,
        `Register the client ${clientId} as a public client (PKCE, no secret), with the redirect URI ${redirectUri}, letter by letter.`,
      ),
    ];
  if (reaction.type === "page") {
    const other = await send(DEFAULT_SCOPE, { clientId: `${NOTHING}-unknown` });
    return other.type === "page"
      ? [
          note(
            "login",
            "the server shows a page before it checks the client",
            "Try a login to find out.",
          ),
        ]
      : [
          ok("login", `accepted: ${what}`),
          note(
            "silent sign-on",
            "the server answers prompt=none with a page",
            "Do not set silentSignOn.",
          ),
        ];
  }
  const { error = "", words = error } = reaction;
  if (error && !USER_NEEDED.includes(error))
    return [
      change("login", `the server sent the app the error ${words}`, hintFor(error, clientId)),
      ...issuerFinding(document, reaction.issuer),
    ];
  return [
    ok("login", `accepted: ${what}`),
    ok("silent sign-on", `prompt=none is answered ${error || "with a code"}`),
    ...issuerFinding(document, reaction.issuer),
  ];
}

function hintFor(error: string, clientId: string): string {
  switch (error) {
    case "unauthorized_client":
    case "unsupported_response_type":
      return `Allow the authorization code flow for the client ${clientId}.`;
    case "invalid_request":
      return "Compare the client's settings with the words of the server.";
    default:
      return `Look up ${error} in the server's documentation.`;
  }
}

/** RFC 9207: the metadata promises `iss` in responses, so Latchkey refuses a response without it. */
function issuerFinding(document: Document, issuer: string | undefined): readonly Finding[] {
  if (document["authorization_response_iss_parameter_supported"] !== true) return [];
  if (issuer === document["issuer"]) return [];
  return [
    change(
      "responses",
      issuer === undefined ? "the response has no iss" : `the response has iss ${issuer}`,
      "The metadata promises iss in every response. Make the server send its issuer there.",
    ),
  ];
}

/** Sends one authorization request. No user is logged in, so nothing changes at the server. */
async function react(
  endpoint: string,
  request: ClientToCheck & { readonly scope: readonly string[]; readonly prompt?: string },
): Promise<Reaction> {
  const url = new URL(endpoint);
  const parameters = {
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    response_type: "code",
    scope: request.scope.join(" "),
    state: NOTHING,
    nonce: NOTHING,
    // The challenge of RFC 7636, appendix B.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
    prompt: request.prompt,
  };
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return reactionOf(await ask(url.href, { headers: { Accept: "text/html" } }), request.redirectUri);
}

function reactionOf({ status, text, location }: Answer, redirectUri: string): Reaction {
  if (location) {
    const parameters = new URLSearchParams(location.search || location.hash.slice(1));
    const error = parameters.get("error") ?? undefined;
    const description = parameters.get("error_description");
    const words = description ? `${error} (${description.slice(0, 200)})` : error;
    const issuer = parameters.get("iss") ?? undefined;
    const isApp = location.href.startsWith(redirectUri);
    if (isApp)
      return {
        type: "returned",
        ...(error && { error, words: words! }),
        ...(issuer && { issuer }),
      };
    return error ? { type: "refused", words: words! } : { type: "page" };
  }
  if (status < 400) return { type: "page" };
  return { type: "refused", words: `status ${status}${wordsOf(text)}` };
}

/** The server's words: the members of OAuth, or the text of the page. */
function wordsOf(text: string): string {
  const { error, error_description: description } = parseObject(text) ?? {};
  if (typeof error === "string")
    return `, ${error}${typeof description === "string" ? ` (${description})` : ""}`;
  const page = text
    .replaceAll(/<(script|style|head)\b.*?<\/\1>/gis, " ")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return page ? `, "${page.slice(0, 160)}"` : "";
}
