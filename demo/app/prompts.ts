import type { LoginPrompt } from "../../src/index.ts";
import { defineLatchkeyElements, loginPrompt } from "../../src/ui.ts";
import { elementOf } from "./element.ts";
import { usersChanged } from "./users-news.ts";

defineLatchkeyElements();

/** The account picker. */
export const users = elementOf("latchkey-users");
const remember = elementOf("latchkey-remember");

/** The login prompt: two elements of the page. */
export const prompt: LoginPrompt = loginPrompt({
  users,
  remember: {
    shouldRemember: async (user, options) => {
      const response = await remember.shouldRemember(user, options);
      // After a timeout, so that Latchkey has started to store the user. Later reads of the store wait for that write.
      if (response) setTimeout(usersChanged);
      return response;
    },
  },
});
