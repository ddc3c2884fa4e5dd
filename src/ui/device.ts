import {
  LitElement,
  nothing,
  type CSSResultGroup,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit";
import type {
  DeviceChoice,
  DeviceCode,
  DevicePrompt,
  DevicePromptOptions,
  DeviceStatus,
} from "../core/device-prompt.ts";
import { assertInPage } from "./assert-in-page.ts";
import { CopyButton } from "./copy-button.ts";
import { deviceCard } from "./device-card.ts";
import { deviceStyles } from "./device-styles.ts";
import { modal } from "./modal.ts";
import type { Qr } from "./qr.ts";
import { question, type Question } from "./question.ts";
import { Speech } from "./strings/speech.ts";
import type { Strings } from "./strings/strings.ts";

/** When the user has approved the login, the dialog shows the approval for this time. Milliseconds. */
const APPROVED_FOR_MS = 2_000;

interface Shown {
  readonly code: DeviceCode;
  /** The time between the opening of the dialog and the expiry of the code. Milliseconds. */
  readonly totalMs: number;
  /** The time at which the code expires, on the monotonic clock (`performance.now()`). Milliseconds. */
  readonly endMonotonic: number;
  status: DeviceStatus;
  qr?: Qr;
  /** The height of the content while the dialog shows a code. Pixels. */
  height?: number;
}

/**
 * `<latchkey-device>`: shows the code of a device login in a modal dialog, as text, QR code and link. After the status
 * `approved`, the dialog closes by itself. After `denied`, `expired` and `failed`, the user must close the dialog.
 *
 * @csspart dialog, sheet, title, close, qr, code, copy, link, status, time, ring, cancel
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 * @example
 * defineLatchkeyElements();
 * const prompt = document.body.appendChild(document.createElement("latchkey-device"));
 * const tvAuth = createAuth({
 *   issuer: "https://id.example.com",
 *   clientId: "tv",
 *   redirectUri: "/",
 *   grant: (parts) => new RefreshGrant(new DeviceCodeGrant(parts.server, { ...parts, prompt }), parts),
 * });
 */
export class LatchkeyDevice extends LitElement implements DevicePrompt {
  static override readonly properties: PropertyDeclarations = { strings: { attribute: false } };
  static override readonly styles: CSSResultGroup = deviceStyles;

  /** Texts that replace the built-in texts of the page's language. */
  declare strings: Partial<Strings> | undefined;

  readonly #speech = new Speech(this);
  readonly #copy = new CopyButton(this);
  #shown: Shown | undefined;
  #focused: Element | null | undefined;
  #question: Question<DeviceChoice | void> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;

  /**
   * Shows a code and its status. If the user closes the dialog before the login has ended, returns `{ type: "dismiss" }`. In
   * all other cases, returns undefined.
   * @throws ConfigurationError the element is not in the page
   */
  async showCode(
    code: DeviceCode,
    { signal, subscribe }: DevicePromptOptions,
  ): Promise<DeviceChoice | void> {
    assertInPage(this);
    this.#question?.drop();
    this.#forget();
    if (signal.aborted) return;
    const totalMs = code.expiresAt - Date.now();
    const endMonotonic = performance.now() + totalMs;
    const shown: Shown = { code, totalMs, endMonotonic, status: "waiting" };
    this.#shown = shown;
    const unsubscribe = subscribe((status) => {
      shown.status = status;
      this.requestUpdate();
    });
    const asked = question<DeviceChoice | void>({
      signal,
      withoutResponse: undefined,
      onEnd: () => {
        unsubscribe();
        clearInterval(this.#tick);
        this.#question = undefined;
        this.#end(shown.status);
      },
    });
    this.#question = asked;
    this.#tick = setInterval(() => this.requestUpdate(), 1_000);
    this.requestUpdate();
    this.updateComplete.catch(asked.fail);
    void this.#drawQr(shown);
    return asked.response;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#question?.drop();
    this.#forget();
  }

  /** Loads the QR encoder lazily. The dialog also works without a QR code. */
  async #drawQr(shown: Shown): Promise<void> {
    const { verificationUri, verificationUriComplete } = shown.code;
    try {
      const { qrOf } = await import("./qr.ts");
      shown.qr = qrOf(verificationUriComplete ?? verificationUri);
    } catch {
      return;
    }
    this.requestUpdate();
  }

  #end(status: DeviceStatus): void {
    if (status === "approved") {
      this.#closing = setTimeout(this.#forget, APPROVED_FOR_MS);
      this.requestUpdate();
    } else if (status === "denied" || status === "expired" || status === "failed") {
      this.requestUpdate();
    } else {
      this.#forget();
    }
  }

  /** Closes the dialog before rendering removes the dialog. Otherwise the browser would not give the focus back to the page. */
  readonly #forget = (): void => {
    clearTimeout(this.#closing);
    this.#shown = undefined;
    this.renderRoot?.querySelector("dialog")?.close();
    this.requestUpdate();
  };

  #dismiss(shown: Shown): void {
    if (this.#shown !== shown) return;
    this.#question?.settle({ type: "dismiss" });
    this.#forget();
  }

  protected override willUpdate(): void {
    this.#focused = this.shadowRoot?.activeElement;
  }

  protected override updated(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    if (!dialog) return;
    this.#keepHeight(dialog.querySelector<HTMLElement>(".body")!);
    // If the dialog is already open, move the focus only if rendering has removed the element that had the focus.
    if (dialog.open && (this.#focused?.isConnected ?? true)) return;
    if (!dialog.open) dialog.showModal();
    // Do not focus the close button. If the user presses Enter by accident, the dialog would close.
    dialog.querySelector<HTMLElement>("a, .copy, .body .button")?.focus();
  }

  /** Keeps the height of the dialog when the result of the login replaces the code. */
  #keepHeight(body: HTMLElement): void {
    const shown = this.#shown!;
    if (shown.status === "waiting" || shown.status === "retrying") {
      shown.height = body.offsetHeight;
    } else if (shown.height !== undefined) {
      body.style.minBlockSize = `min(${shown.height}px, 70dvh)`;
    }
  }

  protected override render(): TemplateResult | typeof nothing {
    const shown = this.#shown;
    if (!shown) return nothing;
    const { strings } = this.#speech;
    const dismiss = () => this.#dismiss(shown);
    return modal({
      title: strings.deviceTitle,
      strings,
      onDismiss: dismiss,
      content: deviceCard({
        ...shown,
        strings,
        remainingMs: Math.min(
          shown.code.expiresAt - Date.now(),
          shown.endMonotonic - performance.now(),
        ),
        copyButton: this.#copy.render(shown.code.userCode, strings),
        onClose: dismiss,
      }),
    });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-device": LatchkeyDevice;
  }
}
