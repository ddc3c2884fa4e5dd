import { parseObject } from "../core/shape.ts";
import { ask, NoAnswer } from "./ask.ts";
import { change, listOf, note, ok, type Document, type Finding } from "./finding.ts";

/** The server's keys: at least one must fit an algorithm of its ID tokens. */
export async function keyFinding(document: Document): Promise<Finding> {
  const url = document["jwks_uri"];
  if (typeof url !== "string" || !URL.canParse(url))
    return change("keys", "the metadata has no jwks_uri", "The server must publish its keys.");
  try {
    const { status, text } = await ask(url, {});
    const keys = parseObject(text)?.["keys"];
    if (status !== 200 || !Array.isArray(keys))
      return change(
        "keys",
        `${url} answered with status ${status} and no keys`,
        "The server must publish its keys there.",
      );
    return judge(
      keys as readonly Document[],
      listOf(document, "id_token_signing_alg_values_supported"),
    );
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return change("keys", `${url}: ${error.message}`, "The server must answer there.");
  }
}

const KINDS: Readonly<Record<string, RegExp>> = { RSA: /^(RS|PS)/, EC: /^ES/, OKP: /^Ed/ };

function judge(keys: readonly Document[], algorithms: readonly string[] = ["RS256"]): Finding {
  const signing = keys.filter(({ kty, use = "sig" }) => use === "sig" && String(kty) in KINDS);
  const fits = signing.filter(({ kty, alg }) =>
    algorithms.some((name) => KINDS[String(kty)]!.test(name) && (alg ?? name) === name),
  );
  const seen =
    signing.map(({ kty, alg }) => String(alg ?? kty)).join(", ") || "no key for signatures";
  if (fits.length === 0)
    return change(
      "keys",
      `${seen}; ID tokens are signed with ${algorithms.join(", ")}`,
      "Publish a key for the algorithm of the ID tokens.",
    );
  const ids = fits.map(({ kid }) => kid);
  const unclear = fits.length > 1 && new Set(ids.filter(Boolean)).size < fits.length;
  return unclear
    ? note("keys", `${seen}; some have no kid of their own`, "Give each key its own kid.")
    : ok("keys", seen);
}
