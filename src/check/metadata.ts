import { isSecureUrl, parseUrl } from "../core/same-origin.ts";
import { parseObject } from "../core/shape.ts";
import { ask, NoAnswer, type Answer } from "./ask.ts";
import { change, listOf, note, ok, type Document, type Finding } from "./finding.ts";

/** The check cannot begin. The message is a sentence for the developer. */
export class CannotCheck extends Error {}

const PATH = "/.well-known/openid-configuration";

/** The metadata document and the response that brought it. */
export interface ReadMetadata {
  readonly url: string;
  readonly document: Document;
  readonly answer: Answer;
}

/**
 * Reads the metadata document of `issuer`.
 * @throws CannotCheck there is no such document
 */
export async function readMetadata(issuer: string, origin: string): Promise<ReadMetadata> {
  const parsed = parseUrl(issuer);
  if (!parsed || !/^https?:$/.test(parsed.protocol))
    throw new CannotCheck(
      `"${issuer}" is not a URL. Pass the issuer, such as https://id.example.com`,
    );
  if (parsed.search || parsed.hash)
    throw new CannotCheck(`The issuer ${issuer} has a query or a fragment. Pass it without.`);
  if (!isSecureUrl(parsed))
    throw new CannotCheck(
      `The issuer ${issuer} uses http. Latchkey needs https, except on localhost.`,
    );
  const url = `${issuer.replace(new RegExp(`${PATH}$`), "").replace(/\/$/, "")}${PATH}`;
  const answer = await ask(url, {}, origin).catch((error: unknown) => {
    const reason = error instanceof NoAnswer ? error.message : String(error);
    throw new CannotCheck(`The metadata at ${url} cannot be read: ${reason}.`);
  });
  if (answer.location)
    throw new CannotCheck(
      `The metadata at ${url} redirects to ${answer.location.origin}${answer.location.pathname}. Latchkey follows no redirects: pass the issuer that is named there.`,
    );
  if (answer.status !== 200)
    throw new CannotCheck(
      `The metadata request to ${url} was answered with status ${answer.status}. Check the path of the issuer.`,
    );
  const document = parseObject(answer.text);
  if (!document) {
    const what = /^\s*</.test(answer.text) ? "an HTML page" : "no JSON object";
    throw new CannotCheck(`The response at ${url} is ${what}. Check the path of the issuer.`);
  }
  return { url, document, answer };
}

/** What the metadata says of the server. */
export function metadataFindings(issuer: string, document: Document): readonly Finding[] {
  return [
    ...issuerFindings(issuer, document),
    endpointFinding(document),
    pkceFinding(document),
    grantFinding(document),
    algorithmFinding(document),
    promptFinding(document),
    responseIssuerFinding(document),
    logoutFinding(document),
    claimsFinding(document),
  ];
}

function issuerFindings(issuer: string, document: Document): readonly Finding[] {
  const named = document["issuer"];
  if (named === issuer) return [ok("issuer", issuer)];
  if (typeof named !== "string")
    return [change("issuer", "the metadata has no issuer", "The server must publish its issuer.")];
  const change1 =
    named.replace(/\/$/, "") === issuer.replace(/\/$/, "")
      ? `Use issuer: "${named}". The slash at the end is a part of the issuer.`
      : `Use issuer: "${named}" if that is your server. Otherwise the server's public URL is set up wrongly.`;
  return [change("issuer", `the metadata names ${named}`, change1)];
}

function endpointFinding(document: Document): Finding {
  const required = ["authorization_endpoint", "token_endpoint", "jwks_uri"];
  const bad = required.filter((name) => {
    const url = typeof document[name] === "string" ? parseUrl(document[name]) : undefined;
    return !url || !isSecureUrl(url);
  });
  return bad.length === 0
    ? ok("endpoints", "authorization, token and keys")
    : change(
        "endpoints",
        `${bad.join(", ")}: missing, or not an https URL`,
        "The server must publish https URLs. Behind a proxy, tell the server its public URL.",
      );
}

function pkceFinding(document: Document): Finding {
  const methods = listOf(document, "code_challenge_methods_supported");
  if (methods?.includes("S256")) return ok("PKCE", "S256");
  if (!methods)
    return note(
      "PKCE",
      "the metadata does not say",
      "Make sure that the server checks the code_verifier.",
    );
  return change("PKCE", methods.join(", ") || "none", "The server must support S256.");
}

function grantFinding(document: Document): Finding {
  const grants = listOf(document, "grant_types_supported");
  if (!grants) return note("grants", "the metadata does not say");
  const device = grants.some((name) => name.endsWith("device_code"));
  if (!grants.includes("authorization_code"))
    return change("grants", grants.join(", "), "The server must support authorization_code.");
  if (!grants.includes("refresh_token"))
    return note(
      "grants",
      "no refresh_token",
      "Without refresh tokens, users log in again when the access token ends. Switch them on, or use silentSignOn.",
    );
  const offline = listOf(document, "scopes_supported")?.includes("offline_access");
  if (offline && document["prompt_values_supported"] === undefined)
    return note(
      "grants",
      `authorization code, refresh token${device ? ", device code" : ""}`,
      'If a login brings no refresh token, set loginOptions: { prompt: "consent" }.',
    );
  return ok("grants", `authorization code, refresh token${device ? ", device code" : ""}`);
}

const ALGORITHMS = /^(RS|PS)(256|384|512)$|^ES(256|384|512)$|^EdDSA$|^Ed25519$/;

function algorithmFinding(document: Document): Finding {
  const algorithms = listOf(document, "id_token_signing_alg_values_supported");
  if (!algorithms) return note("ID tokens", "the metadata does not say how they are signed");
  const usable = algorithms.filter((name) => ALGORITHMS.test(name));
  return usable.length > 0
    ? ok("ID tokens", `signed with ${usable.join(", ")}`)
    : change("ID tokens", `signed with ${algorithms.join(", ")}`, "Sign with RS256 or ES256.");
}

function promptFinding(document: Document): Finding {
  const prompts = listOf(document, "prompt_values_supported");
  if (!prompts)
    return note("prompts", 'the metadata does not say; "Use another account" sends prompt=login');
  return prompts.includes("select_account")
    ? ok("prompts", prompts.join(", "))
    : note("prompts", `${prompts.join(", ")}; "Use another account" sends prompt=login`);
}

function responseIssuerFinding(document: Document): Finding {
  return document["authorization_response_iss_parameter_supported"] === true
    ? ok("responses", "they name the issuer (iss)")
    : note("responses", "they do not name the issuer (iss)");
}

function logoutFinding(document: Document): Finding {
  const missing = ["end_session_endpoint", "revocation_endpoint"].filter((name) => !document[name]);
  if (missing.length === 0) return ok("logout", "ends the session and revokes the refresh token");
  const what = [
    missing.includes("end_session_endpoint") && "the user stays logged in at the server",
    missing.includes("revocation_endpoint") && "the refresh token stays valid",
  ].filter(Boolean);
  return note("logout", `no ${missing.join(", no ")}`, `After logout(), ${what.join(", and ")}.`);
}

function claimsFinding(document: Document): Finding {
  const claims = listOf(document, "claims_supported");
  const userinfo = document["userinfo_endpoint"] ? "userinfo" : undefined;
  if (claims && !claims.includes("name") && !claims.includes("email"))
    return note(
      "profile",
      "claims_supported has no name and no email",
      "Map the scopes profile and email to claims at the server, if your app shows names.",
    );
  return userinfo
    ? ok("profile", "name and e-mail come from the ID token, otherwise from userinfo")
    : note(
        "profile",
        "no userinfo endpoint",
        "Put name and e-mail into the ID token at the server.",
      );
}
