import { html, type TemplateResult } from "lit";
import type { Strings } from "./strings/strings.ts";

/** Screen readers announce the remaining time when it reaches one of these numbers of seconds. */
const ANNOUNCED_AT: readonly number[] = [300, 60, 30, 10];

const RADIUS = 19;
const LENGTH = 2 * Math.PI * RADIUS;

/** Renders the remaining time as a shrinking ring and digits. For screen readers, `tellTimeLeft()` returns a text. */
export function timeLeft(remainingMs: number, totalMs: number): TemplateResult {
  const seconds = Math.max(0, Math.ceil(remainingMs / 1_000));
  const share = totalMs > 0 ? Math.min(1, Math.max(0, remainingMs / totalMs)) : 0;
  return html`<span class="time" part="time" aria-hidden="true">
    <svg viewBox="0 0 44 44" width="28" height="28" fill="none" stroke-width="5">
      <circle class="track" cx="22" cy="22" r=${RADIUS} />
      <circle
        part="ring"
        class="ring"
        cx="22"
        cy="22"
        r=${RADIUS}
        stroke-linecap="round"
        transform="rotate(-90 22 22)"
        stroke-dasharray=${LENGTH.toFixed(2)}
        stroke-dashoffset=${(LENGTH * (1 - share)).toFixed(2)}
      />
    </svg>
    ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}
  </span>`;
}

/**
 * Returns the remaining time in words, for screen readers. Screen readers announce every change of the text. So the text
 * changes only at the times in `ANNOUNCED_AT`.
 */
export function tellTimeLeft(remainingMs: number, totalMs: number, strings: Strings): string {
  const remaining = Math.ceil(remainingMs / 1_000);
  const total = Math.round(totalMs / 1_000);
  const announced =
    ANNOUNCED_AT.filter((seconds) => seconds < total && remaining <= seconds).at(-1) ?? total;
  return strings.timeLeft(Math.floor(announced / 60), announced % 60);
}
