import { isObject, isTexts, parseObject, text } from "../../core/shape.ts";
import { page, link, parametersOf, redirect, RefusedRequest } from "./http.ts";
import { clientOf, findUser, hintClaims, scopesIn, type ProviderParts } from "./provider-parts.ts";

/** The parameters of the login page's own links. */
const CHOICE = "fake_user";
const DENIED = "fake_denied";
/** Lifetime of a code. Milliseconds. */
const CODE_LIFETIME_MS = 60_000;

/**
 * Responds to an authorization request: logs a user in and redirects, or shows the login page.
 * @throws RefusedRequest the client or the redirect URI is unknown, so that no redirect is possible
 * @see https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
 */
export async function authorizationEndpoint(
  parts: ProviderParts,
  request: Request,
): Promise<Response> {
  const query = await parametersOf(request);
  const back = responder(parts, query);
  const problem = problemOf(query);
  if (problem !== undefined) return back({ error: "invalid_request", error_description: problem });
  if (query.has(DENIED)) return back({ error: "access_denied" });
  const { browser, config } = parts;
  const prompts = (query.get("prompt") ?? "").split(" ");
  const hint = hintOf(query);
  const hinted = findUser(parts, hint)?.sub;
  const chosen = findUser(parts, query.get(CHOICE))?.sub;
  const maxAgeS = Number(query.get("max_age") || Infinity);
  const mustAsk =
    maxAgeS === 0 || prompts.some((prompt) => /^(login|select_account|create)$/.test(prompt));
  const now = config.clock.now();
  const nowS = Math.floor(now / 1_000);
  const isKnown =
    browser.sub !== undefined &&
    !mustAsk &&
    (hint === null || hinted === browser.sub) &&
    nowS - browser.authTime <= maxAgeS;
  if (prompts.includes("none") && !isKnown) return back({ error: "login_required" });
  if (!isKnown && chosen === undefined && config.login === "page") return loginPage(parts, query);
  if (hint !== null && hinted === undefined && chosen === undefined && !isKnown) {
    const known = config.users.map(({ sub }) => sub).join(", ");
    const text = `The hint is no user. The fake provider knows the users ${known}.`;
    return back({ error: "login_required", error_description: text });
  }
  if (!isKnown) {
    browser.sub = chosen ?? hinted ?? browser.next;
    browser.authTime = nowS;
  }
  const code = parts.grants.addCode({
    login: {
      sub: browser.sub,
      clientId: query.get("client_id")!,
      scope: scopesIn(query),
      resources: [...query.getAll("resource"), ...query.getAll("audience")],
      authTime: browser.authTime,
      nonce: query.get("nonce") ?? undefined,
      acr: requestedAcr(query),
    },
    redirectUri: query.get("redirect_uri")!,
    challenge: query.get("code_challenge")!,
    expiresAt: now + CODE_LIFETIME_MS,
  });
  return back({ code });
}

/**
 * Returns a redirect to the client with this OAuth error.
 * @throws RefusedRequest the client or the redirect URI is unknown
 */
export async function authorizationError(
  parts: ProviderParts,
  request: Request,
  error: string,
  errorDescription: string | undefined,
): Promise<Response> {
  const back = responder(parts, await parametersOf(request));
  return back({
    error,
    ...(errorDescription !== undefined && { error_description: errorDescription }),
  });
}

/** Returns a function that redirects to the client with a response. @see https://www.rfc-editor.org/rfc/rfc9207 */
function responder(
  parts: ProviderParts,
  query: URLSearchParams,
): (response: Readonly<Record<string, string>>) => Response {
  const { redirectUris } = clientOf(parts, query.get("client_id"));
  const redirectUri = query.get("redirect_uri") ?? "";
  if (redirectUris ? !redirectUris.includes(redirectUri) : !URL.canParse(redirectUri)) {
    const known = redirectUris ? `The client has ${redirectUris.join(", ")}.` : "";
    throw new RefusedRequest("invalid_request", `\`redirect_uri\` is not registered. ${known}`);
  }
  const state = query.get("state") ?? undefined;
  return (response) => redirect(redirectUri, { ...response, state, iss: parts.config.issuer });
}

/** Returns the `sub` in `id_token_hint`, or else `login_hint`. */
function hintOf(query: URLSearchParams): string | null {
  return hintClaims(query).sub ?? (query.get("login_hint") || null);
}

/**
 * Returns the first `acr` that the parameter `claims` requests for the ID token, or else the first of `acr_values`.
 * @see https://openid.net/specs/openid-connect-core-1_0.html#acrSemantics
 */
function requestedAcr(query: URLSearchParams): string | undefined {
  const { id_token: idToken } = parseObject(query.get("claims") ?? "") ?? {};
  const { acr } = isObject(idToken) ? idToken : {};
  const { value, values } = isObject(acr) ? acr : {};
  const first = isTexts(values) ? values[0] : value;
  return text(first) ?? text(query.get("acr_values")?.split(" ")[0]);
}

/** Returns what is wrong with a request. @see https://www.rfc-editor.org/rfc/rfc7636#section-4.4.1 */
function problemOf(query: URLSearchParams): string | undefined {
  if (query.get("response_type") !== "code") return "The fake provider knows response_type=code.";
  if ((query.get("response_mode") ?? "query") !== "query")
    return "The fake provider knows response_mode=query.";
  const isChallenge = /^[\w-]{43}$/.test(query.get("code_challenge") ?? "");
  return query.get("code_challenge_method") === "S256" && isChallenge
    ? undefined
    : "PKCE with code_challenge_method=S256 is missing.";
}

function loginPage({ config }: ProviderParts, query: URLSearchParams): Response {
  const to = (name: string, value: string) => `?${new URLSearchParams([...query, [name, value]])}`;
  return page("Log in", [
    ...config.users.map(({ sub, name = sub }) => link(name, to(CHOICE, sub))),
    link("Cancel", to(DENIED, "1")),
  ]);
}
