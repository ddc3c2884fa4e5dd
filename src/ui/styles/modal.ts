import { css, type CSSResult } from "lit";

/** Styles of a dialog in the middle of the page. On a narrow screen, the dialog is at the bottom, within reach of the thumb. */
export const modalStyles: CSSResult = css`
  dialog {
    inline-size: min(26rem, 100% - 2rem);
    max-inline-size: none;
    max-block-size: min(44rem, 100dvb - 2rem);
    margin: auto;
    padding: 0;
    border: 1px solid var(--_line);
    border-radius: var(--_radius);
    box-shadow: var(--_shadow);
    overflow: hidden;
  }

  dialog[open] {
    display: flex;
    flex-direction: column;
  }

  /* Also covers the gutters that scrollbar-gutter: stable keeps free at the edges of a page. */
  dialog::backdrop {
    inset-inline: -2rem;
    background: var(--latchkey-backdrop, rgb(10 14 24 / 0.5));
  }

  /* The sheet covers the whole dialog. So if the target of a click is the dialog itself, the click was beside the dialog. */
  .sheet {
    display: flex;
    flex-direction: column;
    min-block-size: 0;
  }

  .head {
    display: flex;
    align-items: flex-start;
    justify-content: space-between;
    gap: 0.5rem;
    padding-block: 1.25rem 0.75rem;
    padding-inline: 1.5rem 0.75rem;
  }

  .head .icon {
    margin-block: -0.625rem;
  }

  @media (width < 30rem) {
    dialog {
      inline-size: 100%;
      max-block-size: calc(100dvb - 1.5rem);
      margin-block-end: 0;
      border-inline: 0;
      border-block-end: 0;
      border-end-start-radius: 0;
      border-end-end-radius: 0;
      padding-block-end: env(safe-area-inset-bottom);
    }
  }

  @media (prefers-reduced-motion: no-preference) {
    dialog[open] {
      animation: latchkey-rise 180ms cubic-bezier(0.2, 0.8, 0.2, 1);
    }

    dialog[open]::backdrop {
      animation: latchkey-fade 180ms;
    }
  }

  @keyframes latchkey-rise {
    from {
      opacity: 0;
      translate: 0 12px;
    }
  }

  @keyframes latchkey-fade {
    from {
      opacity: 0;
    }
  }
`;
