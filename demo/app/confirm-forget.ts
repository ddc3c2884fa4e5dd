import { element, setText } from "./element.ts";

/**
 * Asks before a user is forgotten. Returns whether the user of the page agreed. Escape means no.
 *
 * The dialog returns the focus to the button that opened it. If another tab has changed the list in the meantime, this button is
 * gone, and the heading of the list gets the focus.
 */
export function confirmForget(name: string): Promise<boolean> {
  const dialog = element("forget") as HTMLDialogElement;
  setText("forget-title", `Forget ${name}?`);
  const opener = document.activeElement;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = (): void => {
      if (opener?.isConnected === false) element("users-title").focus();
      resolve(dialog.returnValue === "yes");
    };
    dialog.addEventListener("close", onClose, { once: true });
  });
}
