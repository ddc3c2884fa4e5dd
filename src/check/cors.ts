import { parseObject } from "../core/shape.ts";
import { ask, NoAnswer, type Answer } from "./ask.ts";
import { change, note, ok, type Document, type Finding } from "./finding.ts";

/** A value that no server has issued. */
export const NOTHING = "latchkey-check";

interface Probe {
  readonly topic: string;
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  /** Whether a browser asks with OPTIONS first. */
  readonly preflight?: true;
  /** Latchkey works without the endpoint. The text says what then fails. */
  readonly fails?: string;
}

/** Errors of an endpoint that does not know the client, or wants its secret. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
const REFUSED_CLIENTS = ["invalid_client", "unauthorized_client"];

/** Asks each endpoint as a browser does, and looks whether a page of `origin` may read the response. */
export async function corsFindings(
  document: Document,
  origin: string,
  clientId: string | undefined,
): Promise<readonly Finding[]> {
  const client = clientId === undefined ? {} : { client_id: clientId };
  const url = (name: string) => {
    const value = document[name];
    return typeof value === "string" && URL.canParse(value) ? value : undefined;
  };
  const probes: readonly (Omit<Probe, "url"> & { readonly url: string | undefined })[] = [
    { topic: "keys", url: url("jwks_uri"), method: "GET" },
    {
      topic: "token endpoint",
      url: url("token_endpoint"),
      method: "POST",
      form: {
        grant_type: "authorization_code",
        code: NOTHING,
        code_verifier: NOTHING.repeat(4),
        ...client,
      },
    },
    {
      topic: "userinfo",
      url: url("userinfo_endpoint"),
      method: "GET",
      headers: { Authorization: `Bearer ${NOTHING}` },
      preflight: true,
      fails: "Names that the ID token lacks cannot be fetched.",
    },
    {
      topic: "revocation",
      url: url("revocation_endpoint"),
      method: "POST",
      form: { token: NOTHING, ...client },
      fails: "A logout cannot see whether the refresh token was revoked.",
    },
    {
      // Without a client id, because the server would otherwise issue a code.
      topic: "device endpoint",
      url: url("device_authorization_endpoint"),
      method: "POST",
      form: {},
      fails: "A page cannot start a device login.",
    },
  ];
  const found = probes.flatMap(({ url, ...probe }) =>
    url === undefined ? [] : [corsFinding({ ...probe, url }, origin, clientId)],
  );
  return Promise.all(found);
}

async function corsFinding(
  probe: Probe,
  origin: string,
  clientId: string | undefined,
): Promise<Finding> {
  const topic = `CORS: ${probe.topic}`;
  const { url, method, form, preflight, fails } = probe;
  try {
    const asked = preflight && (await ask(url, preflightOf(method), origin));
    const answer = await ask(
      url,
      {
        method,
        headers: {
          ...probe.headers,
          ...(form && { "Content-Type": "application/x-www-form-urlencoded" }),
        },
        ...(form && { body: new URLSearchParams(form).toString() }),
      },
      origin,
    );
    if (answer.location)
      return change(
        topic,
        `${url} redirects`,
        "Latchkey follows no redirects. Publish the right URL.",
      );
    const isReadable = allows(answer, origin) && (!asked || allowsToken(asked, origin));
    const words = errorOf(answer);
    if (clientId !== undefined && form && REFUSED_CLIENTS.includes(words ?? ""))
      return change(
        topic.slice("CORS: ".length),
        `it refuses the client ${clientId} (${words})`,
        `Register ${clientId} as a public client: PKCE, and no secret.`,
      );
    if (isReadable) return ok(topic, words ? `readable (${words})` : "readable");
    const seen =
      asked && allows(answer, origin)
        ? "the preflight is refused"
        : "the browser withholds the response";
    const how = `Allow the origin ${origin} at the server.${fails ? ` ${fails}` : ""}`;
    // Many servers know only the origins of known clients, so without a client id nobody can tell.
    if (clientId === undefined)
      return note(topic, seen, "Pass --client-id and --redirect-uri to find out.");
    return probe.topic === "device endpoint" ? note(topic, seen, how) : change(topic, seen, how);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return change(topic, `${url}: ${error.message}`, "The server must answer there.");
  }
}

const preflightOf = (method: string) => ({
  method: "OPTIONS",
  headers: {
    "Access-Control-Request-Method": method,
    "Access-Control-Request-Headers": "authorization",
  },
});

/** Whether a page of `origin` may read the response to a request without cookies. */
export function allows({ headers }: Answer, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return allowed === "*" || allowed === origin;
}

/** Whether the response to a preflight allows the header `Authorization`. A `*` does not include this header. */
function allowsToken(answer: Answer, origin: string): boolean {
  const headers = answer.headers.get("access-control-allow-headers")?.toLowerCase() ?? "";
  const isListed = headers.split(",").some((name) => name.trim() === "authorization");
  return answer.status >= 200 && answer.status < 300 && allows(answer, origin) && isListed;
}

function errorOf({ status, text }: Answer): string | undefined {
  const error = status >= 400 ? parseObject(text)?.["error"] : undefined;
  return typeof error === "string" ? error : undefined;
}
