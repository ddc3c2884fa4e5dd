import type { FakeProvider } from "./provider/fake-provider.ts";

/** The part of Playwright's `Route` that `playwrightRoute()` uses. */
export interface RouteLike {
  request(): {
    url(): string;
    method(): string;
    headers(): Record<string, string>;
    postData(): string | null;
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
 * `provider`. A fault of the network aborts the request.
 * @throws ConfigurationError from the handler: the request goes to another origin than the provider's
 * @see https://playwright.dev/docs/api/class-browsercontext#browser-context-route
 * @example
 * const provider = fakeProvider();
 * const handler = playwrightRoute(provider);
 * // await context.route(`${provider.issuer}/**`, handler);
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
    return route.fulfill({
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    });
  };
}
