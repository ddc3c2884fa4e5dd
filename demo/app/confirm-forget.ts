import { element, setText } from "./element.ts";

/** Asks before a user is forgotten. Returns whether the user of the page agreed. Escape means no. */
export function confirmForget(name: string): Promise<boolean> {
  const dialog = element("forget") as HTMLDialogElement;
  setText("forget-title", `Forget ${name}?`);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
