import type { LoginPrompt } from "../../src/index.ts";
import { defineLatchkeyElements, loginPrompt } from "../../src/ui.ts";
import { elementOf } from "./element.ts";
import { RememberPlace } from "./remember-place.ts";
import { usersChanged } from "./users-news.ts";

defineLatchkeyElements();

/** The account picker. */
export const users = elementOf("latchkey-users");

/** The place of the question whether to stay signed in. */
export const rememberPlace = new RememberPlace();

/** The login prompt: two elements of the page. */
export const prompt: LoginPrompt = loginPrompt({
  users: {
    chooseUser: async (remembered, options) => {
      const choice = await users.chooseUser(remembered, options);
      // Another user is asked after the login. Nothing moves by itself if the place opens now, in the click.
      if (choice.type === "other") rememberPlace.open();
      return choice;
    },
  },
  remember: {
    shouldRemember: async (user, options) => {
      const question = elementOf("latchkey-remember").shouldRemember(user, options);
      const response = await rememberPlace.ask(question);
      // After a timeout, so that Latchkey has started to store the user. Later reads of the store wait for that write.
      if (response) setTimeout(usersChanged);
      return response;
    },
  },
});
