import { PopupUserAgent, type LoginOptions } from "../../../src/index.ts";

/** In a small window, where the person chooses who they are. */
export const loginOptions: LoginOptions = {
  userAgent: new PopupUserAgent("/popup.html"),
  prompt: "select_account",
};
