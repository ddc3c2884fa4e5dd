import { html, type ReactiveControllerHost, type TemplateResult } from "lit";
import { checkIcon, copyIcon } from "./icons.ts";
import type { Strings } from "./strings/strings.ts";

const COPIED_FOR_MS = 2_000;

/** A button that copies a text and confirms the copy for two seconds. */
export class CopyButton {
  readonly #host: ReactiveControllerHost & HTMLElement;
  #isCopied = false;

  constructor(host: ReactiveControllerHost & HTMLElement) {
    this.#host = host;
  }

  render(text: string, strings: Strings): TemplateResult {
    return html`<button
        type="button"
        class="icon copy"
        part="copy"
        aria-label=${strings.copyCode}
        title=${strings.copyCode}
        @click=${(event: Event) => void this.#copy(text, event.currentTarget as HTMLElement)}
      >
        ${this.#isCopied ? checkIcon() : copyIcon()}
      </button>
      <span class="unseen" role="status">${this.#isCopied ? strings.copied : ""}</span>`;
  }

  async #copy(text: string, button: HTMLElement): Promise<void> {
    const page = this.#host.ownerDocument.defaultView;
    try {
      await page?.navigator.clipboard.writeText(text);
    } catch {
      // The browser does not allow access to the clipboard. Select the code, so that the user can copy the code by hand.
      const code = button.parentElement?.querySelector(".code");
      if (code) page?.getSelection()?.selectAllChildren(code);
      return;
    }
    this.#showCopied(true);
    setTimeout(() => this.#showCopied(false), COPIED_FOR_MS);
  }

  #showCopied(isCopied: boolean): void {
    this.#isCopied = isCopied;
    this.#host.requestUpdate();
  }
}
