import { css, type CSSResultGroup } from "lit";
import { avatarStyles } from "./styles/avatar.ts";
import { controls } from "./styles/controls.ts";
import { theme } from "./styles/theme.ts";

/** Styles of `<latchkey-button>`. */
export const buttonStyles: CSSResultGroup = [
  theme,
  controls,
  avatarStyles,
  css`
    :host {
      display: inline-block;
      vertical-align: middle;
    }

    .surface.primary {
      color: var(--_on-accent);
      background: var(--_accent);
      font-weight: 600;
      white-space: nowrap;
    }

    .surface.primary:not([aria-disabled]):hover {
      background: color-mix(in srgb, var(--_accent) 88%, var(--_text));
    }

    .surface.primary[aria-disabled] {
      color: var(--_text);
      background: var(--_hover);
      border-color: var(--_line);
    }

    /* The text is on the page's own background, so it has the page's own color. */
    .problem {
      max-inline-size: 20rem;
      margin: 0.375rem 0 0;
      color: inherit;
      font-size: 0.8125rem;
      line-height: 1.35;
      text-wrap: balance;
    }

    /* The placeholder is about as wide as the button, so that the page layout does not move when the button appears. */
    .place {
      display: block;
      inline-size: 5.75rem;
      block-size: 2.75rem;
      border-radius: var(--_control-radius);
      background: var(--_hover);
    }

    .face {
      display: block;
      padding: 0.125rem;
      border-radius: 50%;
      background: none;
    }

    .face:hover {
      background: var(--_line);
    }

    .menu {
      position: fixed;
      inset: auto;
      inline-size: min(18rem, 100vw - 1rem);
      max-block-size: calc(100dvb - 1rem);
      margin: 0;
      padding: 0.5rem;
      border: 1px solid var(--_line);
      border-radius: var(--_radius);
      box-shadow: var(--_shadow);
      overflow: auto;
    }

    /* The menu is transparent until the menu has its position. A hidden menu could not take the focus. */
    .menu:not([data-placed]) {
      opacity: 0;
    }

    .who {
      display: flex;
      align-items: center;
      gap: 0.75rem;
      margin-block-end: 0.5rem;
      padding: 0.5rem 0.75rem 0.75rem;
      border-block-end: 1px solid var(--_line);
    }

    .who p {
      display: grid;
      min-inline-size: 0;
      line-height: 1.35;
    }

    .name {
      font-weight: 600;
    }

    .email {
      font-size: 0.8125rem;
    }

    .item,
    ::slotted(*) {
      display: flex;
      align-items: center;
      gap: 0.75rem;
      box-sizing: border-box;
      inline-size: 100%;
      min-block-size: 2.75rem;
      margin: 0;
      padding: 0.5rem 0.75rem;
      border: 0;
      border-radius: var(--_control-radius);
      background: none;
      color: inherit;
      font: inherit;
      text-align: start;
      text-decoration: none;
      cursor: pointer;
    }

    .item:hover,
    ::slotted(:hover) {
      background: var(--_hover);
    }

    .item:focus-visible,
    ::slotted(:focus-visible) {
      outline: 2px solid var(--_accent);
      outline-offset: -2px;
    }

    @media (prefers-reduced-motion: no-preference) {
      .menu:popover-open {
        animation: latchkey-drop 140ms ease-out;
      }
    }

    @keyframes latchkey-drop {
      from {
        opacity: 0;
        translate: 0 -6px;
      }
    }
  `,
];
