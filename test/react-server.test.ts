import { readFileSync } from "node:fs";
import { createElement, Fragment } from "react";
import { renderToString } from "react-dom/server";
import { expect, test } from "vitest";
import { createAuth } from "../src/index.ts";
import { AuthProvider, RequireAuth, useAuth, useToken, useUser } from "../src/react.ts";

function Everything() {
  const { state } = useAuth();
  const { status } = useToken({ resource: "https://api.example" });
  return `${state.status} ${status} ${useUser()?.sub ?? "no-user"} `;
}

test("a server without a DOM renders the state loading", () => {
  expect(typeof document).toBe("undefined");
  const auth = createAuth({
    issuer: "https://id.example.com",
    clientId: "web",
    redirectUri: "/callback",
  });
  const page = createElement(
    Fragment,
    null,
    createElement(Everything),
    createElement(RequireAuth, { fallback: ({ state }) => state.status }, "secret"),
    createElement(RequireAuth, { login: "automatic" }, "secret"),
  );
  const html = renderToString(createElement(AuthProvider, { auth }, page));
  expect(html.replaceAll("<!-- -->", "")).toBe("loading loading no-user loading");
});

test("the entry is a client module, which server components may render", () => {
  const entry = readFileSync(new URL("../src/react.ts", import.meta.url), "utf8");
  expect(entry).toMatch(/^"use client";\n/);
  // Next.js requires named exports.
  expect(entry).not.toContain("export *");
});
