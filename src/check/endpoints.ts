import { parseObject } from "../core/shape.ts";
import { allows, authorizationAllowedBy, corsFinding } from "./cors.ts";
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
import { NoResponseError, type HttpResponse, type Send } from "./request.ts";

interface EndpointsToCheck {
  readonly document: Document;
  readonly send: Send;
  /** The origin of the app's pages. */
  readonly origin: string;
  /** Absent if the client is not known. */
  readonly client: ClientToCheck | undefined;
  /** Whether the client and the origin of its pages are known. */
  readonly isAppKnown: boolean;
}

/** Sends the requests of a page to the token, userinfo and revocation endpoints, with values that no server has issued. */
export async function endpointFindings(around: EndpointsToCheck): Promise<readonly Finding[]> {
  const { document } = around;
  const found = await Promise.all([
    findingAt("token endpoint", urlOf(document, "token_endpoint"), (url) => token(url, around)),
    findingAt("userinfo", urlOf(document, "userinfo_endpoint"), (url) => userinfo(url, around)),
    findingAt("revocation", urlOf(document, "revocation_endpoint"), (url) =>
      revocation(url, around),
    ),
  ]);
  const device = note(
    "CORS: device endpoint",
    "not tried, because the request would start a device login",
  );
  return [...found.flat(), ...(document["device_authorization_endpoint"] ? [device] : [])];
}

async function findingAt(
  name: string,
  url: string | undefined,
  find: (url: string) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (url === undefined) return [];
  try {
    return await find(url);
  } catch (error) {
    if (!(error instanceof NoResponseError)) throw error;
    return [change(name, `${url}: ${error.message}`, "Check that browsers can reach this URL.")];
  }
}

async function token(url: string, around: EndpointsToCheck): Promise<readonly Finding[]> {
  const { client, send, origin, isAppKnown } = around;
  const form = {
    grant_type: "authorization_code",
    code: FAKE_VALUE,
    code_verifier: FAKE_VALUE.repeat(4),
    ...(client && { client_id: client.clientId, redirect_uri: client.redirectUri }),
  };
  const response = await send(url, { method: "POST", form, origin });
  const cors = corsFinding("token endpoint", response, origin, isAppKnown);
  return response.location || client
    ? [tokenFinding(response, client?.clientId ?? ""), cors]
    : [cors];
}

/** A server that knows the client, and asks it for no secret, refuses only the code. */
function tokenFinding(response: HttpResponse, clientId: string): Finding {
  const topic = "token endpoint";
  const { status, location } = response;
  const error = errorOf(response);
  const seen = `status ${status}${error === undefined ? "" : `, ${error}`}`;
  if (location)
    return change(topic, "redirects", "Latchkey follows no redirects. Publish the right URL.");
  if (error === "invalid_grant")
    return ok(topic, "accepts the client (invalid_grant, as expected)");
  if (error === "unauthorized_client")
    return change(
      topic,
      seen,
      `Allow the authorization code grant for ${clientId}, and register it as a public client (PKCE, no secret).`,
    );
  if (error === "invalid_client" || status === 401)
    return change(topic, seen, `Register ${clientId} as a public client (PKCE, no secret).`);
  if (status === 404 || status === 405 || status >= 500)
    return change(topic, seen, "Check that this URL is the token endpoint, and that it works.");
  return note(topic, `${seen}, instead of invalid_grant`, "Try a login to find out more.");
}

async function userinfo(
  url: string,
  { send, origin, isAppKnown }: EndpointsToCheck,
): Promise<readonly Finding[]> {
  // A browser asks first whether it may send `Authorization`.
  const asked = {
    "Access-Control-Request-Method": "GET",
    "Access-Control-Request-Headers": "authorization",
  };
  const [preflight, response] = await Promise.all([
    send(url, { method: "OPTIONS", headers: asked, origin }),
    send(url, { headers: { Authorization: `Bearer ${FAKE_VALUE}` }, origin }),
  ]);
  if (!allows(response, origin)) return [corsFinding("userinfo", response, origin, isAppKnown)];
  const by = authorizationAllowedBy(preflight, origin);
  if (by === "name") return [ok("CORS: userinfo", "the app may read the response")];
  if (by === "*")
    return [
      note(
        "CORS: userinfo",
        "the preflight allows the header Authorization by * only",
        "List Authorization in Access-Control-Allow-Headers: browsers are going to refuse the *.",
      ),
    ];
  return [
    change(
      "CORS: userinfo",
      "the preflight does not allow the header Authorization",
      `Allow the origin ${origin} and the header Authorization. Otherwise names that the ID token lacks cannot be fetched.`,
    ),
  ];
}

async function revocation(
  url: string,
  { send, origin, client, isAppKnown }: EndpointsToCheck,
): Promise<readonly Finding[]> {
  const form = { token: FAKE_VALUE, ...(client && { client_id: client.clientId }) };
  const response = await send(url, { method: "POST", form, origin });
  const error = errorOf(response);
  if (client && (error === "invalid_client" || error === "unauthorized_client"))
    return [
      note(
        "revocation",
        `refuses a client without a secret (${error})`,
        "After logout(), the refresh token stays valid. Allow public clients at this endpoint.",
      ),
    ];
  const { mark, topic, seen } = corsFinding("revocation", response, origin, isAppKnown);
  if (mark !== "change") return [{ topic, mark, seen }];
  return [note(topic, seen, "logout() cannot tell whether the refresh token was revoked.")];
}

/** Returns the member `error` of OAuth. */
function errorOf({ status, text }: HttpResponse): string | undefined {
  const error = status >= 400 ? parseObject(text)?.["error"] : undefined;
  return typeof error === "string" ? error : undefined;
}
