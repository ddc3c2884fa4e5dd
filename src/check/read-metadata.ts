import { isSecureUrl, parseUrl } from "../core/same-origin.ts";
import { parseObject } from "../core/shape.ts";
import { METADATA_PATH, metadataUrls, OAUTH_METADATA_PATH } from "../oidc/discovery.ts";
import { change, ok, type Document, type Finding } from "./finding.ts";
import { NoResponseError, type HttpResponse, type RequestOptions, type Send } from "./request.ts";

/** The check cannot begin. The message is a sentence for the developer. */
export class CannotCheck extends Error {}

/** The server has no metadata document at a URL. */
class NoDocument extends CannotCheck {}

/** The metadata document of a server. */
export interface ReadMetadata {
  /** The issuer that the metadata was read from. */
  readonly issuer: string;
  readonly document: Document;
  /** The response to the request with the header `Origin`. */
  readonly response: HttpResponse;
}

/**
 * Reads the metadata document of an issuer, at the location of OpenID Connect or of OAuth. `given`: the issuer, or the URL of the
 * document.
 * @throws CannotCheck there is no such document
 */
export async function readMetadata(
  given: string,
  send: Send,
  origin: string,
): Promise<ReadMetadata> {
  const issuer = given.endsWith(METADATA_PATH)
    ? given.slice(0, -METADATA_PATH.length)
    : given.replace(OAUTH_METADATA_PATH, "");
  const parsed = parseUrl(issuer);
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new CannotCheck(
      `"${issuer}" is not an https URL. Pass the issuer, such as https://id.example.com`,
    );
  if (parsed.search || parsed.hash)
    throw new CannotCheck(`The issuer ${issuer} has a query or a fragment. Pass it without.`);
  if (!isSecureUrl(parsed))
    throw new CannotCheck(
      `The issuer ${issuer} uses http. Latchkey needs https, except on localhost.`,
    );
  const [url, oauthUrl] = metadataUrls(issuer);
  try {
    return { issuer, ...(await readDocument(url, send, origin)) };
  } catch (reason) {
    if (!(reason instanceof NoDocument)) throw reason;
    const read = await readDocument(oauthUrl, send, origin).catch(() => {
      throw reason;
    });
    return { issuer, ...read };
  }
}

async function readDocument(
  url: string,
  send: Send,
  origin: string,
): Promise<Omit<ReadMetadata, "issuer">> {
  const get = (options?: RequestOptions) =>
    send(url, options).catch((error: unknown) => {
      const reason = error instanceof NoResponseError ? error.message : String(error);
      throw new CannotCheck(`The metadata at ${url} cannot be read: ${reason}.`);
    });
  const response = await get({ origin });
  // Some servers refuse every request of an origin that CORS does not allow.
  const { location, status, text } = response.status === 403 ? await get() : response;
  if (location)
    throw new CannotCheck(
      `The metadata at ${url} redirects to ${location.origin}${location.pathname}. Latchkey follows no redirects: pass the issuer of that document.`,
    );
  if (status === 429 || status >= 500)
    throw new CannotCheck(
      `The metadata request to ${url} failed with status ${status}. Try again later.`,
    );
  if (status !== 200)
    throw new NoDocument(
      `The metadata request to ${url} failed with status ${status}. Check the path of the issuer.`,
    );
  const document = parseObject(text);
  if (!document) {
    const what = /^\s*</.test(text) ? "an HTML page" : "not a JSON object";
    throw new NoDocument(`The response at ${url} is ${what}. Check the path of the issuer.`);
  }
  return { document, response };
}

/**
 * Compares the issuer with the issuer that the metadata names. The returned `issuer` is one whose metadata names itself, or the
 * given one.
 */
export async function checkIssuer(
  { issuer, document }: ReadMetadata,
  send: Send,
): Promise<{ readonly issuer: string; readonly finding: Finding }> {
  const named = document["issuer"];
  const wrong = (seen: string, hint: string) => ({ issuer, finding: change("issuer", seen, hint) });
  if (named === issuer) return { issuer, finding: ok("issuer", issuer) };
  if (typeof named !== "string")
    return wrong("the metadata has no issuer", "The server must publish its issuer.");
  const seen = `the metadata names ${named}`;
  if (/[{}]/.test(named))
    return wrong(seen, "This document is a template. Pass the issuer with the id of your tenant.");
  const isProven = await readMetadata(named, send, new URL(issuer).origin).then(
    (read) => read.document["issuer"] === named,
    () => false,
  );
  return isProven
    ? {
        issuer: named,
        finding: change("issuer", seen, `Use issuer: "${named}", exactly as written.`),
      }
    : wrong(
        seen,
        "Tell the server its public URL: the metadata must name the URL it is read from.",
      );
}
