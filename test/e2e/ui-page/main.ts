import { defineLatchkeyElements } from "../../../src/ui.ts";
import { button, scenes, type Scene } from "./scenes.ts";

declare global {
  interface Window {
    /** Shows a scene. The result of its prompt becomes `response`. */
    show: (scene: Scene) => void;
    /** Aborts the prompt of the last scene. */
    leave: () => void;
    /** The result of the last prompt, or `undefined` while the prompt is open. */
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
    (response) => (window.response = response ?? "done"),
    (error: unknown) => (window.response = String(error)),
  );
};
