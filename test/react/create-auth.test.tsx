import { act } from "react";
import { expect, test, vi } from "vitest";
import { createAuth, type CreateAuthConfig } from "../../src/compose/create-auth.ts";
import { NoTokenError } from "../../src/core/errors.ts";
import { CustomGrant } from "../../src/grants/custom-grant.ts";
import { RefreshGrant } from "../../src/grants/refresh-grant.ts";
import { RequireAuth, useToken, useUser } from "../../src/react.ts";
import { complaints, mount } from "./mount.tsx";

/** The hooks with a real `createAuth()` and its store in IndexedDB. */

const user = { sub: "ada", name: "Ada", claims: { sub: "ada", name: "Ada" } };

function Greeting() {
  return `${useUser()?.name} has ${useToken().token ?? "nothing yet"}`;
}
const page = (
  <RequireAuth fallback={({ state }) => state.status}>
    <Greeting />
  </RequireAuth>
);

/** Waits for a text outside of `act()`, because IndexedDB responds at any time. */
async function shows(element: HTMLElement, text: string): Promise<void> {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  await vi.waitFor(() => expect(element.textContent).toBe(text));
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
}

test("shows a token from a silent grant, keeps it after a reload, and drops it on logout", async () => {
  let mayRespond = false;
  const requestToken = vi.fn(async () => {
    if (!mayRespond) throw new NoTokenError("a login is needed");
    return { accessToken: "first", user };
  });
  const config: CreateAuthConfig = {
    issuer: "https://id.example",
    clientId: `react-${crypto.randomUUID()}`,
    redirectUri: "/callback",
    grant: (parts) => new RefreshGrant(new CustomGrant(requestToken), parts),
  };
  const auth = createAuth(config);
  const { element, unmount } = await mount(auth, page);
  await shows(element, "anonymous");
  mayRespond = true;
  expect(await act(() => auth.getToken({ prompt: "none" }))).toBe("first");
  await shows(element, "Ada has first");
  const asked = requestToken.mock.calls.length;
  await unmount();
  auth.dispose();

  const later = createAuth(config);
  const again = await mount(later, page);
  await shows(again.element, "Ada has first");
  expect(requestToken).toHaveBeenCalledTimes(asked);
  await act(() => later.logout({ revoke: "none", endSession: "none" }));
  await shows(again.element, "anonymous");
  later.dispose();
  expect(complaints).not.toHaveBeenCalled();
});
