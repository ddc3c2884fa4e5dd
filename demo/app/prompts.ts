import type { LoginPrompt } from "../../src/index.ts";
import { defineLatchkeyElements, loginPrompt } from "../../src/ui.ts";
import { elementOf } from "./element.ts";
import { usersChanged } from "./users-news.ts";

defineLatchkeyElements();

/** The picker. */
export const users = elementOf("latchkey-users");
const remember = elementOf("latchkey-remember");

/** What asks the person: two elements of the page. */
export const prompt: LoginPrompt = loginPrompt({
  users,
  remember: {
    shouldRemember: async (user, options) => {
      const response = await remember.shouldRemember(user, options);
      // Once Latchkey has begun to store it; who reads the store then waits for that.
      if (response) setTimeout(usersChanged);
      return response;
    },
  },
});
