import { css, type CSSResult } from "lit";

/** Styles of buttons, of the focus outline and of the spinner. */
export const controls: CSSResult = css`
  button {
    margin: 0;
    border: 1px solid transparent;
    background: none;
    cursor: pointer;
    touch-action: manipulation;
  }

  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.5rem;
    min-block-size: 2.75rem;
    padding: 0.5rem 1.125rem;
    border-color: var(--_line);
    border-radius: var(--_control-radius);
    font-weight: 600;
    line-height: 1.25;
  }

  .button:hover {
    background: var(--_hover);
  }

  .primary {
    color: var(--_on-accent);
    background: var(--_accent);
    border-color: var(--_accent);
  }

  .primary:hover {
    background: color-mix(in srgb, var(--_accent) 88%, var(--_text));
  }

  .icon {
    display: inline-grid;
    place-items: center;
    flex: none;
    inline-size: 2.75rem;
    block-size: 2.75rem;
    padding: 0;
    border-radius: var(--_control-radius);
    color: var(--_muted);
  }

  .icon:hover {
    color: var(--_text);
    background: var(--_hover);
  }

  [aria-disabled="true"] {
    cursor: default;
  }

  :focus-visible {
    outline: 2px solid var(--_accent);
    outline-offset: 2px;
  }

  .spinner {
    inline-size: 1em;
    block-size: 1em;
    border: 2px solid currentColor;
    border-block-start-color: transparent;
    border-radius: 50%;
  }

  @media (prefers-reduced-motion: no-preference) {
    .button,
    .icon {
      transition: background-color 120ms;
    }

    .spinner {
      animation: latchkey-turn 900ms linear infinite;
    }
  }

  @keyframes latchkey-turn {
    to {
      rotate: 1turn;
    }
  }
`;
