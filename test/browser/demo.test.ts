import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { confirmForget } from "../../demo/app/confirm-forget.ts";
import { popupLabels } from "../../demo/app/popup-labels.ts";
import { RememberPlace } from "../../demo/app/remember-place.ts";
import {
  forget,
  hasServerSession,
  noteServerUser,
  signOut,
  signOutAll,
} from "../../demo/app/sign-out.ts";
import { whoDid } from "../../demo/app/tab-word.ts";
import { NetworkError } from "../../src/core/errors.ts";
import { fakeAuth, type FakeAuth } from "../../src/testing.ts";
import { defineLatchkeyElements } from "../../src/ui.ts";

/** Parts of the demo's page. `test/e2e` tests the whole page. */

afterEach(() => {
  localStorage.clear();
  document.body.replaceChildren();
});

const ADA = { sub: "ada", lastUsedAt: 0, needsLogin: false };

describe("the user of the provider's session", () => {
  let auth: FakeAuth;
  beforeEach(async () => {
    auth = fakeAuth();
    noteServerUser(auth);
    await auth.login();
    expect(hasServerSession()).toBe(true);
  });
  const LOGOUTS = [
    ["signOut()", "logout", () => signOut(auth, ADA)],
    ["signOutAll()", "logoutAll", () => signOutAll(auth)],
    ["forget()", "forget", () => forget(auth, ADA)],
  ] as const;

  test.for(LOGOUTS)("%s stores that there is no session any more", async ([, , act]) => {
    await act();
    expect(hasServerSession()).toBe(false);
  });

  test.for(LOGOUTS)(
    "%s keeps the user if the provider could not be told",
    async ([, name, act]) => {
      const error = new NetworkError("no response");
      vi.spyOn(auth, name).mockResolvedValue({ server: "not_told", error });
      expect(await act()).toMatchObject({ text: expect.stringContaining("could not be told") });
      expect(hasServerSession()).toBe(true);
    },
  );

  test.for(LOGOUTS)("%s keeps the user if the logout fails", async ([, name, act]) => {
    vi.spyOn(auth, name).mockRejectedValue(new Error("no store"));
    await expect(act()).rejects.toThrow("no store");
    expect(hasServerSession()).toBe(true);
  });
});

test.for(["anonymous", "expired"] as const)(
  "the button of the header says that a login opens a popup: %s",
  async (state) => {
    defineLatchkeyElements();
    const button = document.body.appendChild(document.createElement("latchkey-button"));
    Object.assign(button, { auth: fakeAuth({ state }), strings: popupLabels });
    await button.updateComplete;
    expect(button.shadowRoot!.textContent.trim()).toBe("Sign in (popup)");
  },
);

describe("the question before a user is forgotten", () => {
  beforeEach(() => {
    document.body.innerHTML = `
      <h2 id="users-title" tabindex="-1">Accounts</h2>
      <button id="opener">Forget</button>
      <dialog id="forget"><h3 id="forget-title"></h3><button>No</button></dialog>`;
    document.querySelector<HTMLElement>("#opener")!.focus();
  });
  const close = () => document.querySelector("dialog")!.close("");

  test("returns the focus to its button", async () => {
    const reply = confirmForget("Ada");
    close();
    expect(await reply).toBe(false);
    expect(document.activeElement?.id).toBe("opener");
  });

  test("moves the focus to the heading of the list if its button is gone", async () => {
    const reply = confirmForget("Ada");
    document.querySelector("#opener")!.remove();
    close();
    expect(await reply).toBe(false);
    expect(document.activeElement?.id).toBe("users-title");
  });
});

test.for(["{", "null", "5"])(
  "a damaged value in localStorage, %s, is as no value",
  async (text) => {
    const auth = fakeAuth();
    const place = new RememberPlace();
    place.follow(auth);
    await vi.waitFor(() => expect(localStorage.getItem("demo/remembered")).toBe("[]"));
    localStorage.setItem("demo/remembered", text);
    localStorage.setItem("demo/word", text);
    await auth.login();
    expect(place.isOpen()).toBe(true);
    expect(whoDid("sign-out")).toBeUndefined();
  },
);
