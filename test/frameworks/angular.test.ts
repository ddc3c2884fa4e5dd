import { component, render } from "./angular-testing.ts";
import { computed, EnvironmentInjector, signal } from "@angular/core";
import { TestBed } from "@angular/core/testing";
import { afterEach, describe, expect, test, vi } from "vitest";
import { injectAuth, injectToken, provideAuth } from "../../src/angular.ts";
import type { Auth } from "../../src/core/auth.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import { fakeAuth } from "../../src/testing.ts";

afterEach(() => {
  TestBed.resetTestingModule();
});

class Account {
  readonly session = injectAuth();
  readonly text = computed(() => {
    const state = this.session.state();
    return state.status === "authenticated" ? state.user.name : state.status;
  });
}
const AccountComponent = component(
  '<button (click)="session.auth.login()">{{ text() }}</button>',
  Account,
);

describe("injectAuth()", () => {
  test("returns the auth and signals that follow it, until the app is destroyed", async () => {
    const auth = fakeAuth({ state: "loading" });
    const { fixture, text } = render(auth, AccountComponent);
    await fixture.whenStable();
    expect(text()).toBe("loading");
    auth.setState({ status: "anonymous", reason: "none" });
    await fixture.whenStable();
    expect(text()).toBe("anonymous");
    (fixture.nativeElement as HTMLElement).querySelector("button")!.click();
    expect(auth.calls.login).toHaveLength(1);
    // The fake login ends at once.
    await vi.waitFor(() => expect(text()).toBe("Ada Lovelace"));
    // One listener of the state and one of the user, for the whole app.
    expect(auth.listeners).toBe(2);
    TestBed.resetTestingModule();
    expect(auth.listeners).toBe(0);
  });

  test("renders `loading` first, as a server does, and then the user who is already known", async () => {
    const auth = fakeAuth();
    auth.setUser("ada");
    const rendered: string[] = [];
    class Recorder extends Account {
      readonly shown = computed(() => {
        rendered.push(this.text() ?? "");
        return this.text();
      });
    }
    const { fixture, text } = render(auth, component("{{ shown() }}", Recorder));
    await fixture.whenStable();
    expect(text()).toBe("ada");
    expect(rendered).toEqual(["loading", "ada"]);
  });

  test("`user` is the same object until the claims change", async () => {
    const auth = fakeAuth({ state: "loading" });
    let renders = 0;
    class User {
      readonly session = injectAuth();
      readonly sub = computed(() => {
        renders += 1;
        return this.session.user()?.sub ?? "nobody";
      });
    }
    const { fixture, text } = render(auth, component("{{ sub() }}", User));
    await fixture.whenStable();
    auth.setUser("ada");
    await fixture.whenStable();
    expect([text(), renders]).toEqual(["ada", 2]);
    // Like a refresh: the same user as another object.
    auth.setUser("ada", { expiresAt: Date.now() + 900_000 });
    await fixture.whenStable();
    expect(renders).toBe(2);
  });
});

describe("injectToken()", () => {
  const target = signal<TokenTarget>({});
  class Token {
    readonly token = injectToken(target);
    readonly text = computed(() => {
      const { status, token, error } = this.token();
      return `${status} ${token ?? (error as Error | undefined)?.name ?? ""}`;
    });
  }
  const TokenComponent = component("{{ text() }}", Token);

  test("returns a token, the error of a request, and a token of the next user", async () => {
    target.set({});
    const auth = fakeAuth();
    const { fixture, text } = render(auth, TokenComponent);
    await vi.waitFor(() => expect(text()).toMatch(/^failed NoTokenError/));
    auth.setUser("ada");
    await vi.waitFor(() => expect(text()).toBe("ready token of ada"));
    auth.setUser("bob");
    await fixture.whenStable();
    expect(text()).not.toContain("ada");
    await vi.waitFor(() => expect(text()).toBe("ready token of bob"));
    expect(auth.calls.getToken.every(({ prompt }) => prompt === "none")).toBe(true);
    fixture.destroy();
    // The two signals of the app.
    expect(auth.listeners).toBe(2);
  });

  test("requests another token when its target changes, and aborts its request on destroy", async () => {
    target.set({});
    const auth = fakeAuth();
    auth.setUser("ada");
    auth.setToken(async ({ resource = "default" }) => `for ${resource}`);
    const { fixture, text } = render(auth, TokenComponent);
    await vi.waitFor(() => expect(text()).toBe("ready for default"));
    auth.setToken(() => new Promise(() => {}));
    target.set({ resource: "https://maps.example.com" });
    await fixture.whenStable();
    expect(text()).toBe("loading");
    const { resource, signal: aborted } = auth.calls.getToken.at(-1)!;
    expect([resource, aborted?.aborted]).toEqual(["https://maps.example.com", false]);
    const asked = auth.calls.getToken.length;
    target.set({ resource: "https://maps.example.com" });
    await fixture.whenStable();
    expect(auth.calls.getToken).toHaveLength(asked);
    fixture.destroy();
    expect([aborted?.aborted, auth.listeners]).toEqual([true, 2]);
  });

  test("no render shows a new target with the token of the previous target", async () => {
    const [first, second] = ["https://a.example.com", "https://b.example.com"];
    target.set({ resource: first });
    const auth = fakeAuth({ user: "ada" });
    auth.setToken(async ({ resource = "default" }) => `token for ${resource}`);
    const rendered: string[] = [];
    class Recorder extends Token {
      readonly shown = computed(() => {
        const { token = "no token" } = this.token();
        rendered.push(`${target().resource}: ${token}`);
        return token;
      });
    }
    const { fixture } = render(auth, component("{{ shown() }}", Recorder));
    await vi.waitFor(() => expect(rendered).toContain(`${first}: token for ${first}`));
    target.set({ resource: second });
    await fixture.whenStable();
    await vi.waitFor(() => expect(rendered).toContain(`${second}: token for ${second}`));
    expect(rendered).not.toContain(`${second}: token for ${first}`);
  });
});

describe("throws a ConfigurationError with a hint", () => {
  test("for an app without provideAuth()", () => {
    const injector = TestBed.inject(EnvironmentInjector);
    expect(() => injector.runInContext(() => injectToken())).toThrow(
      expect.objectContaining({
        input: "provideAuth",
        hint: expect.stringContaining("provideAuth(auth)"),
      }),
    );
  });

  test("for a provider without an auth", () => {
    expect(() => provideAuth(undefined as unknown as Auth)).toThrow(
      expect.objectContaining({ code: "configuration", input: "auth" }),
    );
  });
});
