import { expect, test, vi } from "vitest";
import { ADA, add, all, many, one, remembered, usePage } from "./support.ts";

usePage();

/** A user sees these avatars. */
function look(host: Element): object[] {
  return all(host, ".avatar").map((avatar) => {
    const { backgroundColor, color } = getComputedStyle(avatar);
    const picture = avatar.querySelector("img")?.src;
    return { initials: avatar.dataset["initials"], backgroundColor, color, picture };
  });
}

test("looks as the user looks in the other elements, in the size of the element", async () => {
  const user = remembered("ada", { name: "Ada Lovelace", email: "ada@example.com" });
  const { signal } = new AbortController();
  const picker = add("latchkey-users");
  void picker.chooseUser([user], { signal });
  await picker.updateComplete;

  const avatar = add("latchkey-avatar");
  avatar.style.inlineSize = "72px";
  avatar.style.blockSize = "72px";
  avatar.user = user;
  await avatar.updateComplete;
  expect(look(avatar)).toEqual(look(picker));
  expect(one(avatar, ".avatar").getBoundingClientRect()).toMatchObject({ width: 72, height: 72 });
  expect(getComputedStyle(one(avatar, ".avatar")).fontSize).toBe("27px");
});

test("shows nothing without a user, and another user after a change", async () => {
  const avatar = add("latchkey-avatar");
  await avatar.updateComplete;
  expect(look(avatar)).toEqual([]);
  for (const user of [ADA, ...many(1)]) {
    avatar.user = user;
    await avatar.updateComplete;
  }
  expect(look(avatar)).toMatchObject([{ initials: "NS" }]);
});

test("shows the initials if the picture does not load", async () => {
  const avatar = add("latchkey-avatar");
  avatar.user = remembered("p", { picture: "https://127.0.0.1:9/p.png" });
  await avatar.updateComplete;
  await vi.waitFor(() => expect(one(avatar, "img").hidden).toBe(true));
  expect(look(avatar)).toMatchObject([{ initials: "NP" }]);
});
