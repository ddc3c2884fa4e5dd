import { parseObject } from "../core/shape.ts";
import { parseKeys, type Jwk } from "../oidc/id-token/key-set.ts";
import { ALGORITHMS } from "../oidc/id-token/verify.ts";
import { corsFinding } from "./cors.ts";
import { change, listOf, note, ok, urlOf, type Document, type Finding } from "./finding.ts";
import { NoResponseError, type Send } from "./request.ts";

/** Whether a page can read the server's keys, and whether a key fits an algorithm of the ID tokens. */
export async function keyFindings(
  document: Document,
  send: Send,
  origin: string,
  isAppKnown: boolean,
): Promise<readonly Finding[]> {
  const url = urlOf(document, "jwks_uri");
  // The finding about the endpoints says so.
  if (url === undefined) return [];
  try {
    const response = await send(url, { origin });
    // Some servers refuse every request of an origin that CORS does not allow.
    const { status, text } = response.status === 403 ? await send(url) : response;
    const keys = status === 200 ? parseKeys(parseObject(text)?.["keys"]) : undefined;
    if (!keys)
      return [
        change(
          "keys",
          `${url} responded with status ${status} and without keys`,
          "The server must publish its keys at its jwks_uri.",
        ),
      ];
    const cors = corsFinding("keys", response, origin, isAppKnown);
    const listed = listOf(document, "id_token_signing_alg_values_supported") ?? ["RS256"];
    const algorithms = listed.filter((name) => ALGORITHMS.includes(name));
    // The finding about the ID tokens names an algorithm that Latchkey does not support.
    return algorithms.length === 0 ? [cors] : [keyFinding(keys, algorithms), cors];
  } catch (error) {
    if (!(error instanceof NoResponseError)) throw error;
    return [change("keys", `${url}: ${error.message}`, "Check that browsers can reach this URL.")];
  }
}

/** The algorithms of each type of key. */
const TYPES = new Map([
  ["RSA", /^(RS|PS)/],
  ["EC", /^ES/],
  ["OKP", /^Ed/],
]);

function keyFinding(keys: readonly Jwk[], algorithms: readonly string[]): Finding {
  const signing = keys.filter(({ kty, use = "sig" }) => use === "sig" && TYPES.has(String(kty)));
  const fits = signing.filter(({ kty, alg }) =>
    algorithms.some((name) => TYPES.get(String(kty))!.test(name) && (alg ?? name) === name),
  );
  const seen = signing.map(({ kty, alg }) => String(alg ?? kty)).join(", ");
  if (fits.length === 0)
    return change(
      "keys",
      `${seen || "no key for signatures"}; ID tokens are signed with ${algorithms.join(", ")}`,
      "Publish a key for the algorithm of the ID tokens.",
    );
  const ids = new Set(fits.map(({ kid }) => kid).filter(Boolean));
  return fits.length > 1 && ids.size < fits.length
    ? note("keys", `${seen}; some keys have no kid of their own`, "Give each key its own kid.")
    : ok("keys", seen);
}
