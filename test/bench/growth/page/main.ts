import { createAuth, type Auth } from "../../../../src/index.ts";
import { defineLatchkeyElements } from "../../../../src/ui.ts";
import { rememberUsers } from "./users.ts";

const ISSUER = "https://id.example";

/** Durations in milliseconds, and whether the picker has a search field. */
export interface GrowthSample {
  readonly list: number;
  readonly picker: number;
  readonly token: number;
  readonly searches: boolean;
}

declare global {
  interface Window {
    remember(count: number): Promise<void>;
    grow(count: number): Promise<GrowthSample>;
  }
}

defineLatchkeyElements();
const clients = new Map<number, Auth>();

window.remember = async (count) => {
  const clientId = `app-of-${count}`;
  await rememberUsers(ISSUER, clientId, count);
  const auth = createAuth({ issuer: ISSUER, clientId, redirectUri: location.href });
  clients.set(count, auth);
  // The first call loads chunks and opens the database, which later rounds must not measure.
  if ((await auth.users()).length !== count) throw new Error("a remembered user is missing");
};

window.grow = async (count) => {
  const auth = clients.get(count)!;
  const [token, value] = await timed(() => auth.getToken({ user: "person-0", prompt: "none" }));
  if (value !== "token-0") throw new Error("getToken() returned the token of another user");
  const [list, users] = await timed(() => auth.users());

  const element = document.querySelector("latchkey-users")!;
  const asked = new AbortController();
  const [picker] = await timed(async () => {
    void element.chooseUser(users, { signal: asked.signal });
    await element.updateComplete;
    // `getBoundingClientRect()` forces the layout.
    const rows = element.renderRoot.querySelectorAll(".user");
    if (rows.length !== count || !rows[0]!.getBoundingClientRect().height) {
      throw new Error("the picker does not show all users");
    }
  });
  const searches = element.renderRoot.querySelector("input[type=search]") !== null;
  asked.abort();
  await element.updateComplete;
  return { list, picker, token, searches };
};

async function timed<T>(action: () => Promise<T>): Promise<[ms: number, value: T]> {
  const begun = performance.now();
  const value = await action();
  return [performance.now() - begun, value];
}
