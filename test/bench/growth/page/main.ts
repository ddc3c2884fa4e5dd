import { createAuth, type Auth } from "../../../../src/index.ts";
import { defineLatchkeyElements } from "../../../../src/ui.ts";
import { rememberUsers } from "./users.ts";

const ISSUER = "https://id.example";

/** Milliseconds, but for the search. */
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
  // What is loaded, opened and made at the first use.
  if ((await auth.users()).length !== count) throw new Error("somebody is missing");
};

window.grow = async (count) => {
  const auth = clients.get(count)!;
  const [token, value] = await timed(() => auth.getToken({ user: "person-0", prompt: "none" }));
  if (value !== "token-0") throw new Error("another person's token");
  const [list, users] = await timed(() => auth.users());

  const accounts = document.querySelector("latchkey-users")!;
  const asked = new AbortController();
  const [picker] = await timed(async () => {
    void accounts.chooseUser(users, { signal: asked.signal });
    await accounts.updateComplete;
    // Laid out, too.
    const rows = accounts.renderRoot.querySelectorAll(".account");
    if (rows.length !== count || !rows[0]!.getBoundingClientRect().height) {
      throw new Error("the picker does not show them all");
    }
  });
  const searches = accounts.renderRoot.querySelector("input[type=search]") !== null;
  asked.abort();
  await accounts.updateComplete;
  return { list, picker, token, searches };
};

async function timed<T>(action: () => Promise<T>): Promise<[ms: number, value: T]> {
  const begun = performance.now();
  const value = await action();
  return [performance.now() - begun, value];
}
