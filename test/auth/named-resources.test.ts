import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { responseOf, expiredRow, KEY, settle } from "../refresh/tabs.ts";
import { goodRow, loginResponse, remember, REDIRECT_URI, world, type World } from "./fixture.ts";

/** Latchkey does not risk a refresh token for a resource that no login named. */

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const ORDERS = "https://orders.example";
const FILES = "https://files.example";
const silently = { prompt: "none" } as const;

/** Ada is signed in, and a login returns a token for the resource that it names. */
async function signedIn(my: World) {
  await remember(my, { ...goodRow(expiredRow()), resources: [] });
  my.page.mayNavigate = true;
  let asked: { resource?: string; resources?: readonly string[] } = {};
  const authorize = vi.fn(async (request: typeof asked) => {
    asked = request;
    return "https://id.example/auth";
  });
  my.server.authorize = authorize;
  my.navigate = async () => `${REDIRECT_URI}?code=c&state=s`;
  my.server.exchange = async () => {
    const { resource, resources = [] } = asked;
    return loginResponse({
      accessToken: `token for ${resource}`,
      asked: { resource, audience: undefined },
      resources: [...(resource === undefined ? [] : [resource]), ...resources],
    });
  };
  const auth = my.tab();
  auth.start();
  await settle();
  return { auth, authorize };
}

test("B16: with prompt none a new resource is refused without a request, and the error names the options", async () => {
  const my = world();
  const { auth, authorize } = await signedIn(my);
  const refused = auth.getToken({ ...silently, resource: ORDERS });
  await expect(refused).rejects.toMatchObject({ code: "no_token" });
  await expect(refused).rejects.toThrow(/orders\.example.*resources.*reuseLeewayMs/s);
  expect(auth.state.status).toBe("authenticated");
  expect(my.sends).toBe(0);
  expect(authorize).not.toHaveBeenCalled();
});

test("B16: two new resources take one login each, and then the refresh token serves both", async () => {
  const my = world();
  const { auth, authorize } = await signedIn(my);
  expect(await auth.getToken({ resource: ORDERS })).toBe(`token for ${ORDERS}`);
  expect(await auth.getToken({ resource: FILES })).toBe(`token for ${FILES}`);
  expect(authorize).toHaveBeenLastCalledWith(
    expect.objectContaining({ resource: FILES, resources: [ORDERS] }),
    undefined,
  );
  expect((await my.store.get(KEY))!.resources).toEqual([FILES, ORDERS]);
  my.refreshes.push(responseOf(5, { accessToken: "orders again" }));
  expect(await auth.getToken({ resource: ORDERS })).toBe("orders again");
  expect(authorize).toHaveBeenCalledTimes(2);
});

test("B16: an audience is not treated as a resource", async () => {
  const my = world();
  const { auth } = await signedIn(my);
  my.refreshes.push(responseOf(2, { accessToken: "for the audience" }));
  expect(await auth.getToken({ ...silently, audience: "api" })).toBe("for the audience");
});
