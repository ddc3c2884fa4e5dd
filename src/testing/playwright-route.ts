import type { FakeProvider } from "./provider/fake-provider.ts";

/** The part of Playwright's `Route` that `playwrightRoute()` uses. */
export interface RouteLike {
  request(): {
    url(): string;
    method(): string;
    headers(): Record<string, string>;
    postData(): string | null;
    isNavigationRequest(): boolean;
  };
  fulfill(response: {
    status: number;
    headers: Record<string, string>;
    body: string;
  }): Promise<void>;
  abort(errorCode: string): Promise<void>;
}

/**
 * Returns a handler for `page.route()` or `context.route()` of Playwright. Requests to the issuer get the responses of
 * `provider`. A fault of the network aborts the request. For the redirect of a navigation, the response is a page that goes to the
 * new URL, because Playwright fulfils no redirects in WebKit.
 * @throws ConfigurationError from the handler: the request goes to another origin than the provider's
 * @see https://playwright.dev/docs/api/class-browsercontext#browser-context-route
 * @example
 * const provider = fakeProvider();
 * const handler = playwrightRoute(provider);
 * // await context.route(`${new URL(provider.issuer).origin}/**`, handler);
 */
export function playwrightRoute(
  provider: Pick<FakeProvider, "handle">,
): (route: RouteLike) => Promise<void> {
  return async (route) => {
    const asked = route.request();
    const method = asked.method();
    const response = await provider.handle(
      new Request(asked.url(), {
        method,
        headers: asked.headers(),
        ...(method === "POST" && { body: asked.postData() ?? "" }),
      }),
    );
    if (response.type === "error") return route.abort("failed");
    const target = response.headers.get("location");
    if (target !== null && asked.isNavigationRequest()) return route.fulfill(pageTo(target));
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    });
  };
}

/** Returns a page that replaces itself with `url`, as a redirect leaves no entry in the history. */
function pageTo(url: string): Parameters<RouteLike["fulfill"]>[0] {
  // `</script>` in the URL would end the script.
  const text = JSON.stringify(url).replaceAll("<", "\\u003c");
  return {
    status: 200,
    headers: { "content-type": "text/html; charset=utf-8" },
    body: `<!doctype html><script>location.replace(${text})</script>`,
  };
}
