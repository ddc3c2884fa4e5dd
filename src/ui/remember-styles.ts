import { css, type CSSResultGroup } from "lit";
import { avatarStyles } from "./styles/avatar.ts";
import { controls } from "./styles/controls.ts";
import { theme } from "./styles/theme.ts";

/** Styles of `<latchkey-remember>`. */
export const rememberStyles: CSSResultGroup = [
  theme,
  controls,
  avatarStyles,
  css`
    .card {
      inset: auto;
      inset-block-end: max(1rem, env(safe-area-inset-bottom));
      inset-inline-end: 1rem;
      inline-size: min(24rem, 100% - 2rem);
      margin: 0;
      padding: 1.25rem;
      border: 1px solid var(--_line);
      border-radius: var(--_radius);
      box-shadow: var(--_shadow);
    }

    :host([inline]) {
      display: block;
      container-type: inline-size;
    }

    :host([inline]) .card {
      position: static;
      inline-size: auto;
      box-shadow: none;
    }

    .card:not([popover]),
    .card:popover-open {
      display: grid;
      grid-template-columns: auto 1fr;
      gap: 1rem 0.875rem;
    }

    h2 {
      font-size: 1rem;
    }

    .text {
      display: grid;
      gap: 0.25rem;
    }

    .text p {
      font-size: 0.875rem;
    }

    .actions {
      grid-column: 1 / -1;
      display: grid;
      grid-template-columns: 1fr 1fr;
      gap: 0.625rem;
    }

    @container (width > 40rem) {
      :host([inline]) .card {
        grid-template-columns: auto 1fr auto;
        align-items: center;
      }

      :host([inline]) .actions {
        grid-column: auto;
        grid-template-columns: repeat(2, minmax(6rem, 1fr));
      }
    }

    @media (prefers-reduced-motion: no-preference) {
      .card:popover-open {
        animation: latchkey-come 220ms cubic-bezier(0.2, 0.8, 0.2, 1);
      }
    }

    @keyframes latchkey-come {
      from {
        opacity: 0;
        translate: 0 16px;
      }
    }
  `,
];
