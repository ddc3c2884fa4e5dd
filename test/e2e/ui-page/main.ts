import { defineLatchkeyElements } from "../../../src/ui.ts";
import { button, scenes, type Scene } from "./scenes.ts";

declare global {
  interface Window {
    /** Shows one; what is asked is answered in `answer`. */
    show: (scene: Scene) => void;
    /** Of the last question. */
    leave: () => void;
    answer: unknown;
  }
}

defineLatchkeyElements();
document.querySelector("latchkey-button")!.auth = button("anonymous");

let asked = new AbortController();
window.leave = () => asked.abort();
window.show = (scene) => {
  asked.abort();
  asked = new AbortController();
  window.answer = undefined;
  Promise.resolve(scenes[scene](asked)).then(
    (answer) => (window.answer = answer ?? "over"),
    (error: unknown) => (window.answer = String(error)),
  );
};
