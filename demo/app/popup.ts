import { relayResponse } from "../../src/callback.ts";
import { element, setText } from "./element.ts";

if (!(await relayResponse())) {
  document.title = "Not signed in · Latchkey demo";
  setText("title", "This sign-in has ended");
  setText("text", "You can close this window. Go back to the app and sign in again.");
  element("busy").hidden = true;
  element("to-app").hidden = false;
}
