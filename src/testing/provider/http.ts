/** An error response of a `FakeProvider`. A handler of an endpoint throws it. The text contains no secret. */
export class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  /** The OAuth error code. */
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status = 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}

/** A page of any origin may read every response. */
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type, dpop",
  "access-control-allow-methods": "GET, POST",
  "access-control-expose-headers": "retry-after, www-authenticate",
};

/** Returns a response with a JSON body. */
export function json(body: object, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...CORS,
      "content-type": "application/json",
      "cache-control": "no-store",
      ...headers,
    },
  });
}

/** Returns the JSON response of an OAuth error. @see https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export function oauthError({ error, message, status }: RefusedRequest): Response {
  const challenge = status === 401 ? { "www-authenticate": `Bearer error="${error}"` } : {};
  return json({ error, error_description: message }, status, challenge);
}

/** Returns an empty response. */
export function empty(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers: { ...CORS, ...headers } });
}

/** Returns a redirect to `url` with `parameters` in its query. */
export function redirect(
  url: string,
  parameters: Readonly<Record<string, string | undefined>>,
): Response {
  const target = new URL(url);
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) target.searchParams.set(name, value);
  return empty(302, { location: target.href });
}

/** Returns a page. `lines`: the HTML of its paragraphs. */
export function page(title: string, lines: readonly string[], status = 200): Response {
  const body = lines.map((line) => `<p>${line}</p>`).join("\n");
  return new Response(
    `<!doctype html><meta charset="utf-8"><title>${escape(title)}</title><h1>${escape(title)}</h1>${body}`,
    { status, headers: { "content-type": "text/html; charset=utf-8" } },
  );
}

/** Returns the HTML of a link. */
export function link(text: string, href: string): string {
  return `<a href="${escape(href)}">${escape(text)}</a>`;
}

/** The parameters that may occur several times. @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
const REPEATABLE = ["resource", "audience"];

/**
 * Reads the parameters of a GET request from its query, and those of a POST request from its form.
 * @throws RefusedRequest a parameter occurs twice
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export async function parametersOf(request: Request): Promise<URLSearchParams> {
  const parameters =
    request.method === "POST"
      ? new URLSearchParams(await request.text())
      : new URL(request.url).searchParams;
  const names = [...parameters.keys()].filter((name) => !REPEATABLE.includes(name));
  if (new Set(names).size < names.length)
    throw new RefusedRequest("invalid_request", "A parameter occurs twice.");
  return parameters;
}

/** Returns the token of the header `Authorization`, or undefined. */
export function bearerOf({ headers }: Request): string | undefined {
  return /^Bearer (.+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
