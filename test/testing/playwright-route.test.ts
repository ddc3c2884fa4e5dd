import { expect, test } from "vitest";
import {
  fakeProvider,
  playwrightRoute,
  type FakeProvider,
  type RouteLike,
} from "../../src/testing.ts";

/** Returns what `playwrightRoute()` fulfils for a GET request. */
async function fulfilled(
  provider: Pick<FakeProvider, "handle">,
  url: string,
  isNavigation: boolean,
): Promise<Parameters<RouteLike["fulfill"]>[0] | undefined> {
  let given: Parameters<RouteLike["fulfill"]>[0] | undefined;
  await playwrightRoute(provider)({
    request: () => ({
      url: () => url,
      method: () => "GET",
      headers: () => ({}),
      postData: () => null,
      isNavigationRequest: () => isNavigation,
    }),
    fulfill: async (response) => void (given = response),
    abort: async () => {},
  });
  return given;
}

test("the redirect of a navigation is a page, because Playwright fulfils no redirect in WebKit", async () => {
  const provider = fakeProvider();
  const target = "https://app.example.com/";
  const query = new URLSearchParams({ post_logout_redirect_uri: target, state: "s" });
  const url = `${provider.issuer}/logout?${query}`;
  const page = await fulfilled(provider, url, true);
  expect(page).toMatchObject({
    status: 200,
    headers: { "content-type": expect.stringMatching(/^text\/html/) },
  });
  expect(page!.body).toContain(`location.replace("${target}?state=s")`);
  const redirect = await fulfilled(provider, url, false);
  expect(redirect).toMatchObject({ status: 302, headers: { location: `${target}?state=s` } });
});

test("a URL cannot end the script of the page that redirects", async () => {
  const location = 'com.example.app:"</script><script>alert(1)</script>';
  const handle = async () => new Response(null, { status: 302, headers: { location } });
  const page = await fulfilled({ handle }, "https://id.example.com/authorize", true);
  expect(page!.body.match(/<\/script>/g)).toHaveLength(1);
  const [, text] = /location\.replace\((.*)\)<\/script>$/.exec(page!.body)!;
  expect(JSON.parse(text!)).toBe(location);
});
