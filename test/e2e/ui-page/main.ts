import { defineLatchkeyElements } from "../../../src/ui.ts";
import { button, scenes, type Scene } from "./scenes.ts";

declare global {
  interface Window {
    /** Shows one; what is asked is answered in `response`. */
    show: (scene: Scene) => void;
    /** Of the last question. */
    leave: () => void;
    response: unknown;
  }
}

defineLatchkeyElements();
document.querySelector("latchkey-button")!.auth = button("anonymous");

let asked = new AbortController();
window.leave = () => asked.abort();
window.show = (scene) => {
  asked.abort();
  asked = new AbortController();
  window.response = undefined;
  Promise.resolve(scenes[scene](asked)).then(
    (response) => (window.response = response ?? "over"),
    (error: unknown) => (window.response = String(error)),
  );
};
