import { css, type CSSResultGroup } from "lit";
import { controls } from "./styles/controls.ts";
import { modalStyles } from "./styles/modal.ts";
import { theme } from "./styles/theme.ts";

/** Styles of `<latchkey-device>`. */
export const deviceStyles: CSSResultGroup = [
  theme,
  controls,
  modalStyles,
  css`
    .body {
      display: flex;
      flex-direction: column;
      gap: 1rem;
      min-block-size: 0;
      overflow: auto;
      padding: 0.25rem 1.5rem 1.5rem;
    }

    .ways {
      display: grid;
      grid-template-columns: 9rem 1fr;
      align-items: center;
      gap: 1.25rem;
    }

    .qr {
      aspect-ratio: 1;
      border-radius: var(--_control-radius);
      overflow: hidden;
      background: #fff;
      box-shadow: 0 0 0 1px var(--_line);
      forced-color-adjust: none;
    }

    .qr svg {
      inline-size: 100%;
      block-size: 100%;
    }

    .way {
      display: grid;
      gap: 0.5rem;
      justify-items: start;
      font-size: 0.875rem;
    }

    .link {
      color: var(--_accent);
      font-size: 0.9375rem;
      font-weight: 600;
      text-underline-offset: 0.2em;
      border-radius: 2px;
    }

    bdi.link {
      color: inherit;
    }

    .box {
      position: relative;
      display: grid;
      grid-template-columns: 2.75rem 1fr 2.75rem;
      align-items: center;
      padding: 0.625rem;
      border-radius: var(--_control-radius);
      background: var(--_hover);
    }

    .code {
      grid-column: 2;
      font:
        650 1.875rem/1.2 ui-monospace,
        "SF Mono",
        "Cascadia Mono",
        "Roboto Mono",
        Menlo,
        monospace;
      letter-spacing: 0.06em;
      text-align: center;
      user-select: all;
    }

    .box .icon:hover {
      background: var(--_surface);
    }

    .status {
      display: flex;
      align-items: center;
      justify-content: space-between;
      gap: 1rem;
      /* The status has room for two lines, so that a longer text does not change the height of the dialog. */
      min-block-size: 2.75rem;
      font-size: 0.875rem;
    }

    .words {
      display: flex;
      align-items: center;
      gap: 0.75rem;
    }

    .pulse {
      flex: none;
      inline-size: 0.625rem;
      block-size: 0.625rem;
      margin-inline: 0.25rem;
      border-radius: 50%;
      background: var(--_accent);
    }

    [data-status="retrying"] .pulse {
      background: none;
      box-shadow: inset 0 0 0 2px var(--_danger);
    }

    .time {
      display: inline-flex;
      flex: none;
      align-items: center;
      gap: 0.5rem;
      font-weight: 600;
      font-variant-numeric: tabular-nums;
      white-space: nowrap;
    }

    .track {
      stroke: var(--_line);
    }

    .ring {
      stroke: var(--_accent);
    }

    .end {
      flex: 1;
      justify-content: center;
      padding-block: 0.75rem 0;
      font-size: 1.0625rem;
      font-weight: 600;
      text-align: center;
    }

    .end .words {
      flex-direction: column;
    }

    .sign {
      display: grid;
      place-items: center;
      inline-size: 3.5rem;
      block-size: 3.5rem;
      border-radius: 50%;
    }

    .sign svg {
      inline-size: 1.75rem;
      block-size: 1.75rem;
    }

    .good {
      color: var(--_success);
      background: color-mix(in srgb, var(--_success) 14%, var(--_surface));
    }

    .bad {
      color: var(--_danger);
      background: color-mix(in srgb, var(--_danger) 12%, var(--_surface));
    }

    .again {
      text-align: center;
      text-wrap: balance;
    }

    @media (width < 24rem) {
      .ways {
        grid-template-columns: 7.5rem 1fr;
        gap: 1rem;
      }

      .code {
        font-size: 1.625rem;
      }
    }

    @media (prefers-reduced-motion: no-preference) {
      .ring {
        transition: stroke-dashoffset 1s linear;
      }

      .pulse {
        animation: latchkey-pulse 1.6s ease-in-out infinite;
      }
    }

    @keyframes latchkey-pulse {
      50% {
        opacity: 0.35;
      }
    }
  `,
];
