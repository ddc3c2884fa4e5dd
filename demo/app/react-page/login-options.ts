import { PopupUserAgent, type LoginOptions } from "../../../src/index.ts";

/** Opens the login in a popup, where the user chooses an account. */
export const loginOptions: LoginOptions = {
  userAgent: new PopupUserAgent("/popup.html"),
  prompt: "select_account",
};
