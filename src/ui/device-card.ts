import { html, nothing, svg, type TemplateResult } from "lit";
import type { DeviceCode, DeviceStatus } from "../core/device-prompt.ts";
import { isSecureUrl } from "../core/same-origin.ts";
import { alertIcon, checkIcon } from "./icons.ts";
import type { Qr } from "./qr.ts";
import type { Strings } from "./strings/strings.ts";
import { tellTimeLeft, timeLeft } from "./time-left.ts";

/** Options of `deviceCard()`. */
export interface DeviceCardOptions {
  readonly code: DeviceCode;
  readonly status: DeviceStatus;
  /** The QR code. Undefined until the QR encoder has loaded. */
  readonly qr?: Qr;
  /** The remaining time until the code expires. Milliseconds. */
  readonly remainingMs: number;
  /** The time between the opening of the dialog and the expiry of the code. Milliseconds. */
  readonly totalMs: number;
  readonly strings: Strings;
  readonly copyButton: TemplateResult;
  readonly onClose: () => void;
}

/** Renders the content of the dialog of a device login. */
export function deviceCard(options: DeviceCardOptions): TemplateResult {
  const { status, strings, onClose } = options;
  const isOpen = status === "waiting" || status === "retrying";
  return html`<div class="body" data-status=${status}>
    ${isOpen ? codeOf(options) : nothing}
    <div class="status ${isOpen ? "" : "end"}" part="status">
      <p role="status" class="words">${signOf(status)}<span>${wordsOf(status, strings)}</span></p>
      ${isOpen ? timeLeft(options.remainingMs, options.totalMs) : nothing}
    </div>
    ${
      isOpen
        ? html`<p class="unseen" role="status">
            ${tellTimeLeft(options.remainingMs, options.totalMs, strings)}
          </p>`
        : nothing
    }
    ${
      status === "denied" || status === "expired" || status === "failed"
        ? html`<p class="muted again">${strings.deviceAgain}</p>`
        : nothing
    }
    <button type="button" class="button" part="cancel" @click=${onClose}>
      ${isOpen ? strings.cancel : strings.close}
    </button>
  </div>`;
}

function codeOf({ code, qr, strings, copyButton }: DeviceCardOptions): TemplateResult {
  return html`<div class="ways">
      <div class="qr" part="qr">${qr ? drawn(qr, strings.qrCode) : nothing}</div>
      <div class="way">
        <p class="muted">${strings.deviceHelp}</p>
        ${linkOf(code)}
      </div>
    </div>
    <div class="box">
      <span class="unseen">${strings.code}</span>
      <span class="code" part="code" dir="ltr" translate="no">${code.userCode}</span>
      ${copyButton}
    </div>`;
}

/** Renders the server's verification URL. A secure URL becomes a link. Any other URL becomes plain text. */
function linkOf({ verificationUri, verificationUriComplete }: DeviceCode): TemplateResult {
  // `<wbr>` lets the line break after a slash.
  const parts = verificationUri.replace(/^https:\/\//, "").split(/(?<=\/)/);
  const text = parts.map((part) => html`${part}<wbr />`);
  const href = verificationUriComplete ?? verificationUri;
  if (!URL.canParse(href) || !isSecureUrl(new URL(href))) {
    return html`<bdi class="link" part="link">${text}</bdi>`;
  }
  return html`<a class="link" part="link" href=${href} target="_blank" rel="noopener noreferrer"
    ><bdi>${text}</bdi></a
  >`;
}

/** Draws the QR code with dark modules on a light background, even in a dark theme. Some QR code readers need this. */
function drawn({ size, path }: Qr, label: string): TemplateResult {
  return html`<svg role="img" aria-label=${label} viewBox="0 0 ${size} ${size}">
    ${svg`<rect width=${size} height=${size} fill="#fff" /><path d=${path} fill="#10131a" shape-rendering="crispEdges" />`}
  </svg>`;
}

function signOf(status: DeviceStatus): TemplateResult {
  if (status === "waiting" || status === "retrying")
    return html`<span class="pulse" aria-hidden="true"></span>`;
  return status === "approved"
    ? html`<span class="sign good">${checkIcon()}</span>`
    : html`<span class="sign bad">${alertIcon()}</span>`;
}

function wordsOf(status: DeviceStatus, strings: Strings): string {
  return status === "cancelled" ? strings.failed : strings[status];
}
