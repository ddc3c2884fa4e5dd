import { PopupUserAgent, type LoginOptions, type LogoutOptions } from "../../../src/index.ts";

/** Opens the login in a popup, where the user chooses an account. */
export const loginOptions: LoginOptions = {
  userAgent: new PopupUserAgent("/popup.html"),
  prompt: "select_account",
};

/** The user stays on this page, and the provider's session goes on. The page says so. */
export const logoutOptions: LogoutOptions = { endSession: "none" };
