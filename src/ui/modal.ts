import { html, type TemplateResult } from "lit";
import type { Strings } from "./strings/strings.ts";
import { closeIcon } from "./icons.ts";

/** Options of `modal()`. */
export interface ModalOptions {
  readonly title: string;
  readonly strings: Strings;
  /**
   * Called when the user presses Escape, clicks the close button, or clicks beside the dialog. After Escape,
   * the browser can delay this call. When the call arrives, the element might already show its next dialog.
   */
  readonly onDismiss: () => void;
  readonly content: TemplateResult;
}

/** A modal `<dialog>`. The browser makes the rest of the page inert, and restores the focus when the dialog closes. */
export function modal({ title, strings, onDismiss, content }: ModalOptions): TemplateResult {
  return html`<dialog
    part="dialog"
    class="surface"
    lang=${strings.language}
    aria-labelledby="title"
    @close=${({ currentTarget }: Event) => {
      // The browser sends the `close` event after a delay. If the dialog is open again by then, the event belongs to an earlier
      // opening of the dialog, and is ignored.
      if (!(currentTarget as HTMLDialogElement).open) onDismiss();
    }}
    @pointerdown=${notePointer}
    @click=${(event: Event) => {
      if (isBeside(event)) onDismiss();
    }}
    @keydown=${turnAround}
  >
    <div class="sheet" part="sheet">
      <div class="head">
        <h2 id="title" part="title">${title}</h2>
        <button
          type="button"
          class="icon"
          part="close"
          aria-label=${strings.close}
          @click=${onDismiss}
        >
          ${closeIcon()}
        </button>
      </div>
      ${content}
    </div>
  </dialog>`;
}

/**
 * Records whether the user pressed the pointer beside the dialog. A click closes the dialog only if the user pressed and
 * released the pointer beside the dialog. So if a text selection starts in the dialog and ends beside it, the dialog stays
 * open.
 */
function notePointer({ currentTarget, target }: Event): void {
  (currentTarget as HTMLElement).toggleAttribute("data-beside", target === currentTarget);
}

function isBeside({ currentTarget, target }: Event): boolean {
  return target === currentTarget && (currentTarget as HTMLElement).hasAttribute("data-beside");
}

/**
 * Keeps the focus in the dialog. From the last control, Tab moves the focus to the first control. From the first control,
 * Shift+Tab moves the focus to the last control.
 */
function turnAround(event: KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const stops = [
    ...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("a[href], button, input"),
  ].filter((stop) => stop.checkVisibility());
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (event.target !== edge) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}
