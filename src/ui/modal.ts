import { html, type TemplateResult } from "lit";
import type { Strings } from "./strings/strings.ts";
import { closeIcon } from "./icons.ts";

/** Options of `modal()`. */
export interface ModalOptions {
  readonly title: string;
  readonly strings: Strings;
  /** Called when the user presses Escape, clicks the close button, or clicks beside the dialog. */
  readonly onDismiss: () => void;
  readonly content: TemplateResult;
}

/**
 * Renders a modal `<dialog>`. The browser makes the rest of the page inert. When the dialog closes, the browser restores the
 * focus.
 */
export function modal({ title, strings, onDismiss, content }: ModalOptions): TemplateResult {
  return html`<dialog
    part="dialog"
    class="surface"
    lang=${strings.language}
    aria-labelledby="title"
    @close=${({ currentTarget }: Event) => {
      // A `close` event can arrive late, when the dialog is open again. Such an event is ignored.
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
 * Records whether the user pressed the pointer beside the dialog. A text selection can start in the dialog and end beside the
 * dialog. Such a selection must not close the dialog.
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
