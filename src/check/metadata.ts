import { isAuthError } from "../core/errors.ts";
import { optionalEndpoint, parseMetadata } from "../oidc/discovery.ts";
import { ALGORITHMS } from "../oidc/id-token/verify.ts";
import { change, listOf, note, ok, type Document, type Finding } from "./finding.ts";

/** What the metadata says about the server. */
export function metadataFindings(document: Document): readonly Finding[] {
  return [
    endpointFinding(document),
    pkceFinding(document),
    grantFinding(document),
    algorithmFinding(document),
    promptFinding(document),
    logoutFinding(document),
    profileFinding(document),
  ];
}

/** The issuer has a finding of its own, so the endpoints are checked as those of any issuer. */
const SOME_ISSUER = "https://id.example.com";

function endpointFinding(document: Document): Finding {
  try {
    const issuer = SOME_ISSUER;
    const metadata = parseMetadata({ ...document, issuer }, issuer);
    for (const name of metadata.malformed ?? []) optionalEndpoint(metadata, name);
    if (metadata.jwksUri) return ok("endpoints", "authorization, token and keys");
    return change("endpoints", "the metadata has no jwks_uri", "The server must publish its keys.");
  } catch (error) {
    if (!isAuthError(error)) throw error;
    return change(
      "endpoints",
      error.message.split("\n")[0]!.replace(` of ${SOME_ISSUER}`, ""),
      "The server must publish https URLs. Behind a proxy, tell the server its public URL.",
    );
  }
}

function pkceFinding(document: Document): Finding {
  const methods = listOf(document, "code_challenge_methods_supported");
  if (methods?.includes("S256")) return ok("PKCE", "S256");
  if (!methods)
    return note(
      "PKCE",
      "the metadata has no code_challenge_methods_supported",
      "Make sure that the server validates the code_verifier.",
    );
  return change("PKCE", methods.join(", ") || "none", "The server must support S256.");
}

function grantFinding(document: Document): Finding {
  const grants = listOf(document, "grant_types_supported");
  if (!grants) return note("grants", "the metadata has no grant_types_supported");
  if (!grants.includes("authorization_code"))
    return change("grants", grants.join(", "), "The server must support authorization_code.");
  if (!grants.includes("refresh_token"))
    return note(
      "grants",
      "the server supports no refresh_token",
      "Without refresh tokens, users log in again when the access token expires. Turn them on, or use an IframeUserAgent as silentSignOn.",
    );
  const device = grants.some((name) => name.endsWith("device_code"));
  return ok("grants", `supports authorization code, refresh token${device ? ", device code" : ""}`);
}

function algorithmFinding(document: Document): Finding {
  const algorithms = listOf(document, "id_token_signing_alg_values_supported");
  if (!algorithms) return note("ID tokens", "the metadata does not list their algorithms");
  const usable = algorithms.filter((name) => ALGORITHMS.includes(name));
  return usable.length > 0
    ? ok("ID tokens", `can be signed with ${usable.join(", ")}`)
    : change("ID tokens", `are signed with ${algorithms.join(", ")}`, "Sign with RS256 or ES256.");
}

function promptFinding(document: Document): Finding {
  const prompts = listOf(document, "prompt_values_supported");
  if (prompts?.includes("select_account")) return ok("prompts", prompts.join(", "));
  const listed = prompts ? prompts.join(", ") : "the metadata has no prompt_values_supported";
  return note("prompts", `${listed}; Latchkey sends prompt=login for "Use another account"`);
}

function logoutFinding(document: Document): Finding {
  const missing = ["end_session_endpoint", "revocation_endpoint"].filter((name) => !document[name]);
  if (missing.length === 0)
    return ok("logout", "has endpoints that end the session and revoke the token");
  const effects = [
    missing.includes("end_session_endpoint") && "the user stays logged in at the server",
    missing.includes("revocation_endpoint") && "the refresh token stays valid",
  ].filter(Boolean);
  return note(
    "logout",
    `no ${missing.join(", no ")}`,
    `After logout(), ${effects.join(", and ")}.`,
  );
}

function profileFinding(document: Document): Finding {
  const claims = listOf(document, "claims_supported");
  if (claims && !claims.includes("name") && !claims.includes("email"))
    return note(
      "profile",
      "claims_supported has no name and no email",
      "If your app shows names, map the scopes profile and email to claims at the server.",
    );
  return document["userinfo_endpoint"]
    ? ok("profile", "name and email come from the ID token, otherwise from userinfo")
    : note(
        "profile",
        "no userinfo endpoint",
        "Put name and email into the ID token at the server.",
      );
}
