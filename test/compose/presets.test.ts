import { readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import type { AuthConfig } from "../../src/core/auth-config.ts";
import { createAuth } from "../../src/index.ts";
import { userinfoFetcher } from "../../src/parts.ts";

/** `createAuth()` accepts the guide's objects for well-known servers. */

const guide = readFileSync(new URL("../../demo/guides/servers.md", import.meta.url), "utf8");
const [, section = ""] = /^## Well-known servers\n(.*?)^## /ms.exec(guide) ?? [];
const [, code = ""] = /```ts\n(.*?)```/s.exec(section) ?? [];
const names = [...code.matchAll(/^const (\w+) =/gm)].map(([, name]) => name!);
const presets = runInNewContext(`${code}; ({ ${names.join(", ")} })`, {
  userinfoFetcher,
  githubUser: undefined,
}) as Record<string, Omit<AuthConfig, "clientId" | "redirectUri">>;

test("each well-known server has an object and a description", () => {
  expect(names).toEqual(["keycloak", "auth0", "okta", "entra", "google", "github"]);
  const described = [...section.matchAll(/^- \*\*(.+?)\*\*/gm)].map(([, name]) => name!);
  const needsNoObject = [
    "oidc-provider",
    "Ory Hydra",
    "Spring Authorization Server",
    "Dex",
    "django-oauth-toolkit",
  ];
  expect(described.filter((name) => !needsNoObject.includes(name))).toEqual([
    "Keycloak",
    "Auth0",
    "Okta",
    "Microsoft Entra",
    "Google",
    "GitHub",
  ]);
});

test.for(names)("createAuth() accepts %s as the guide shows it", (name) => {
  const auth = createAuth({ clientId: "web", redirectUri: "/", ...presets[name]! });
  expect(auth.state).toMatchObject({ status: "loading" });
});
