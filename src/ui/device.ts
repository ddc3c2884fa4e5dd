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

/** Long enough to be read. */
const APPROVED_FOR_MS = 2_000;

interface Shown {
  readonly code: DeviceCode;
  /** From when it is shown until it expires. */
  readonly totalMs: number;
  /** When it expires by the clock that is never set. */
  readonly endMonotonic: number;
  status: DeviceStatus;
  qr?: Qr;
  /** While there is a code. Pixels. */
  height?: number;
}

/**
 * `<latchkey-device>`: a device login's code in a modal dialog, as text, QR code and link. `showCode` is that of a
 * `DevicePrompt`. How it ended stays to be read; after `approved` the dialog closes by itself.
 *
 * @csspart dialog, sheet, title, close, qr, code, copy, link, status, time, ring, cancel
 */
export class LatchkeyDevice extends LitElement implements DevicePrompt {
  static override readonly properties: PropertyDeclarations = { strings: { attribute: false } };
  static override readonly styles: CSSResultGroup = deviceStyles;

  /** In place of what the page's language says. */
  declare strings: Partial<Strings> | undefined;

  readonly #speech = new Speech(this);
  readonly #copy = new CopyButton(this);
  #shown: Shown | undefined;
  #focused: Element | null | undefined;
  #question: Question<DeviceChoice | void> | undefined;
  #tick: ReturnType<typeof setInterval> | undefined;
  #closing: ReturnType<typeof setTimeout> | undefined;

  /**
   * Gives `dismiss` when the person closes the dialog while the code is good.
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
    const leave = subscribe((status) => {
      shown.status = status;
      this.requestUpdate();
    });
    const asked = question<DeviceChoice | void>({
      signal,
      withoutResponse: undefined,
      onEnd: () => {
        leave();
        clearInterval(this.#tick);
        this.#question = undefined;
        this.#end(shown.status);
      },
    });
    this.#question = asked;
    this.#tick = setInterval(() => this.requestUpdate(), 1_000);
    this.requestUpdate();
    void this.#drawQr(shown);
    return asked.response;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#question?.drop();
    this.#forget();
  }

  /** Its code comes when it is needed, and the rest does without it. */
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

  /** Closes before it goes: a dialog that is closed gives the focus back, one that is removed does not. */
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
    // What had the focus may have gone with the code.
    if (dialog.open && (this.#focused?.isConnected ?? true)) return;
    if (!dialog.open) dialog.showModal();
    // Not the first button, which would close it: Enter is pressed easily.
    dialog.querySelector<HTMLElement>("a, .copy, .body .button")?.focus();
  }

  /** How it ended takes the place of the code: nothing moves. */
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
