// First: the packages of Angular need the compiler when they are imported without Angular's build.
import "@angular/compiler";
import { Component, provideZonelessChangeDetection } from "@angular/core";
import { bootstrapApplication, type BootstrapContext } from "@angular/platform-browser";
import { provideServerRendering, renderApplication } from "@angular/platform-server";
import { expect, test } from "vitest";
import { createSSRApp, h } from "vue";
import { renderToString } from "vue/server-renderer";
import { injectAuth, injectToken, provideAuth } from "../src/angular.ts";
import { createAuth } from "../src/index.ts";
import { authPlugin, useAuth, useToken, useUser } from "../src/vue.ts";
import { fakeAuth } from "../src/testing.ts";

const config = { issuer: "https://id.example.com", clientId: "web", redirectUri: "/callback" };

test("Vue on a server renders the state loading, and adds no listener", async () => {
  expect(typeof document).toBe("undefined");
  const Everything = () => {
    const { state } = useAuth();
    const [token, user] = [useToken(), useUser()];
    return () =>
      h("p", `${state.value.status} ${token.value.status} ${user.value?.sub ?? "nobody"}`);
  };
  const page = (auth = createAuth(config)) =>
    renderToString(createSSRApp({ setup: Everything }).use(authPlugin(auth)));
  expect(await page()).toBe("<p>loading loading nobody</p>");
  const auth = fakeAuth();
  auth.setUser("ada");
  expect(await page(auth)).toBe("<p>loading loading nobody</p>");
  expect([auth.listeners, auth.calls.getToken]).toEqual([0, []]);
});

test("Angular on a server renders the state loading, and adds no listener", async () => {
  class Everything {
    readonly session = injectAuth();
    readonly token = injectToken();
  }
  Component({
    selector: "app-root",
    template:
      '{{ session.state().status }} {{ token().status }} {{ session.user()?.sub ?? "nobody" }}',
  })(Everything);
  const page = (auth = createAuth(config)) =>
    renderApplication(
      (context: BootstrapContext) =>
        bootstrapApplication(
          Everything,
          {
            providers: [
              provideZonelessChangeDetection(),
              provideServerRendering(),
              provideAuth(auth),
            ],
          },
          context,
        ),
      {
        document: "<app-root></app-root>",
        url: "https://app.example.com/",
        allowedHosts: ["app.example.com"],
      },
    );
  expect(await page()).toContain("loading loading nobody");
  const auth = fakeAuth();
  auth.setUser("ada");
  expect(await page(auth)).toContain("loading loading nobody");
  expect([auth.listeners, auth.calls.getToken]).toEqual([0, []]);
});
