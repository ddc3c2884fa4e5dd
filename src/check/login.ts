import {
  isWebPage,
  sendAuthorizationRequest,
  type AuthorizationRequest,
  type LoginResult,
} from "./authorization-request.ts";
import {
  change,
  FAKE_VALUE,
  note,
  ok,
  urlOf,
  type ClientToCheck,
  type Document,
  type Finding,
} from "./finding.ts";
import { parseUrl } from "../core/same-origin.ts";
import { SCOPE } from "../oidc/server-parts.ts";
import { NoResponseError, type Send } from "./request.ts";

/** The scopes that Latchkey requests by default. */
export const DEFAULT_SCOPE: readonly string[] = ["openid", ...SCOPE];
/** Errors of a server that accepts the request, and needs a user. */
const USER_NEEDED = [
  "login_required",
  "interaction_required",
  "consent_required",
  "account_selection_required",
];

/** Whether a login can begin. */
export interface LoginFindings {
  readonly findings: readonly Finding[];
  /** The scopes that the server has accepted. Undefined if that is not known. */
  readonly scope?: readonly string[];
}

type SendLogin = (change?: Partial<AuthorizationRequest>) => Promise<LoginResult>;

/** Checks whether the server accepts a login of this client with the default scopes. */
export async function loginFindings(
  document: Document,
  client: ClientToCheck,
  send: Send,
): Promise<LoginFindings> {
  const endpoint = urlOf(document, "authorization_endpoint");
  if (endpoint === undefined) return { findings: [] };
  const sendLogin: SendLogin = (change) =>
    sendAuthorizationRequest(
      endpoint,
      { ...client, scope: DEFAULT_SCOPE, prompt: "none", ...change },
      send,
    );
  try {
    const result = await sendLogin();
    if (result.type === "returned" && result.error === "invalid_scope")
      return await withoutRefusedScopes(document, client, sendLogin, result.text);
    const findings = await findingsOf(document, client, result, sendLogin);
    return { findings, ...(isAccepted(result) && { scope: DEFAULT_SCOPE }) };
  } catch (error) {
    if (!(error instanceof NoResponseError)) throw error;
    const hint = "Check that browsers can reach this URL.";
    return { findings: [change("login", `${endpoint}: ${error.message}`, hint)] };
  }
}

const isAccepted = (result: LoginResult): boolean =>
  result.type === "returned" && USER_NEEDED.includes(result.error);

/** Some servers fail at `prompt=none`, and accept the same request without it. */
async function withoutPrompt(
  document: Document,
  client: ClientToCheck,
  failed: Extract<LoginResult, { type: "refused" }>,
  sendLogin: SendLogin,
): Promise<readonly Finding[]> {
  const sendVisible: SendLogin = (change) => sendLogin({ prompt: undefined, ...change });
  const result = await sendVisible();
  if (result.type === "refused") return [refused(result, client)];
  const findings = await findingsOf(document, client, result, sendVisible);
  const silent = note("silent sign-on", `prompt=none: ${failed.text}`, "Do not set silentSignOn.");
  return [...findings, silent];
}

/** Requests each scope alone, to find those that the server refuses. */
async function withoutRefusedScopes(
  document: Document,
  client: ClientToCheck,
  sendLogin: SendLogin,
  text: string,
): Promise<LoginFindings> {
  const alone = await Promise.all(
    DEFAULT_SCOPE.map(async (name) => {
      const result = await sendLogin({ scope: [...new Set(["openid", name])] });
      return result.type === "returned" && result.error === "invalid_scope" ? [] : [name];
    }),
  );
  const scope = alone.flat();
  const refused = DEFAULT_SCOPE.filter((name) => !scope.includes(name)).join(" ");
  const seen = `the server refuses ${refused || "these scopes together"}: ${text}`;
  if (!scope.includes("openid"))
    return { findings: [change("scopes", seen, "Allow the scope openid for this client.")] };
  const hint = `Allow ${refused} for this client at the server, or set scope: ${JSON.stringify(scope)}.`;
  const sendAccepted: SendLogin = (change) => sendLogin({ scope, ...change });
  const findings = await findingsOf(document, client, await sendAccepted(), sendAccepted);
  return { findings: [change("scopes", seen, hint), ...findings], scope };
}

async function findingsOf(
  document: Document,
  client: ClientToCheck,
  result: LoginResult,
  sendLogin: SendLogin,
): Promise<readonly Finding[]> {
  if (result.type === "refused" && result.status >= 500)
    return withoutPrompt(document, client, result, sendLogin);
  if (result.type === "refused") return [refused(result, client)];
  if (result.type === "page") return [await pageFinding(client, sendLogin)];
  const { error, text } = result;
  const issuer = issuerFinding(document, result.issuer);
  if (!USER_NEEDED.includes(error))
    return [
      change("login", `the server returned ${text || "no error"}`, hintFor(error, client)),
      issuer,
    ];
  return [
    ok("login", `accepted: client ${client.clientId}, redirect URI ${client.redirectUri}`),
    silentFinding(document, client, error),
    issuer,
  ];
}

function refused(
  { status, text }: Extract<LoginResult, { type: "refused" }>,
  { clientId, redirectUri }: ClientToCheck,
): Finding {
  const seen = `refused: ${text}`;
  if (status === 429 || status >= 500)
    return change("login", seen, "The authorization endpoint does not work now. Try again later.");
  return change(
    "login",
    seen,
    `Read the server's text. Usual causes: the client ${clientId} is not registered as a public client (PKCE, no secret), the redirect URI ${redirectUri} is not registered exactly as written, or a scope is not allowed.`,
  );
}

/** A page proves nothing, unless the server refuses a wrong client and a wrong redirect URI. */
async function pageFinding(client: ClientToCheck, sendLogin: SendLogin): Promise<Finding> {
  const wrong = parseUrl(`/${FAKE_VALUE}`, client.redirectUri);
  const results = await Promise.all([
    sendLogin({ clientId: `${FAKE_VALUE}-unknown` }),
    sendLogin({ redirectUri: wrong?.href ?? `${client.redirectUri}-${FAKE_VALUE}` }),
  ]);
  if (results.every(({ type }) => type !== "page"))
    return ok("login", `accepted: client ${client.clientId}, redirect URI ${client.redirectUri}`);
  return note(
    "login",
    "the server shows its login page before it checks the client and the redirect URI",
    "Try a login to find out.",
  );
}

function silentFinding(document: Document, { redirectUri }: ClientToCheck, error: string): Finding {
  const seen = `prompt=none returns ${error}`;
  if (!isWebPage(redirectUri)) return note("silent sign-on", seen, "Do not set silentSignOn.");
  const [app, server] = [redirectUri, String(document["authorization_endpoint"])].map((url) =>
    new URL(url).hostname.split(".").slice(-2).join("."),
  );
  return app === server
    ? ok("silent sign-on", seen)
    : note(
        "silent sign-on",
        `${seen}, but the app and the server are on different sites`,
        'If you want it, set silentSignOn: "page". Browsers block the cookies of a hidden frame.',
      );
}

function hintFor(error: string, { clientId }: ClientToCheck): string {
  switch (error) {
    case "unauthorized_client":
    case "unsupported_response_type":
      return `Allow the authorization code flow for the client ${clientId}.`;
    case "invalid_request":
      return "Compare the client's settings at the server with the error description.";
    default:
      return "Look up this error in the documentation of the server.";
  }
}

/** Latchkey refuses a response whose `iss` is wrong, or missing although the metadata promises it. RFC 9207. */
function issuerFinding(document: Document, issuer: string | undefined): Finding {
  const isPromised = document["authorization_response_iss_parameter_supported"] === true;
  if (issuer === document["issuer"]) return ok("responses", "name the issuer (iss)");
  if (issuer !== undefined)
    return change("responses", `have the iss ${issuer}`, "The server must send its issuer as iss.");
  return isPromised
    ? change(
        "responses",
        "have no iss, although the metadata promises it",
        "Make the server send iss, or correct its metadata.",
      )
    : note("responses", "have no iss parameter");
}
