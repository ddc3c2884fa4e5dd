import { css, type CSSResult } from "lit";

/** The elements' custom properties and base styles. Colours follow the `color-scheme` of the page or the element. */
export const theme: CSSResult = css`
  :host {
    --_accent: var(--latchkey-accent, light-dark(#1f5fd6, #8ab4ff));
    --_on-accent: var(--latchkey-on-accent, light-dark(#ffffff, #0b1a33));
    --_surface: var(--latchkey-surface, light-dark(#ffffff, #1c1f26));
    --_text: var(--latchkey-text, light-dark(#16191f, #eceef2));
    --_muted: var(--latchkey-muted, light-dark(#5a6270, #a7afbd));
    --_line: var(--latchkey-line, light-dark(#dde1e8, #373c47));
    --_hover: var(--latchkey-hover, light-dark(#f1f4f9, #282c35));
    --_success: var(--latchkey-success, light-dark(#17703c, #6fd698));
    --_danger: var(--latchkey-danger, light-dark(#b3261e, #ffb0a8));
    --_radius: var(--latchkey-radius, 16px);
    --_control-radius: calc(var(--_radius) * 0.625);
    --_shadow: var(
      --latchkey-shadow,
      0 1px 2px light-dark(rgb(20 28 48 / 0.08), rgb(0 0 0 / 0.4)),
      0 12px 40px light-dark(rgb(20 28 48 / 0.18), rgb(0 0 0 / 0.55))
    );
    --_font: var(
      --latchkey-font,
      ui-sans-serif,
      system-ui,
      -apple-system,
      "Segoe UI",
      Roboto,
      "Noto Sans",
      "PingFang SC",
      "Microsoft YaHei",
      sans-serif
    );
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  *,
  ::before,
  ::after {
    box-sizing: border-box;
  }

  h2,
  p,
  ul {
    margin: 0;
    padding: 0;
  }

  .surface {
    color: var(--_text);
    background: var(--_surface);
    font: 400 0.9375rem/1.45 var(--_font);
    text-align: start;
    letter-spacing: normal;
    overflow-wrap: anywhere;
  }

  h2 {
    font-size: 1.1875rem;
    font-weight: 650;
    line-height: 1.3;
    text-wrap: balance;
  }

  .muted {
    color: var(--_muted);
  }

  .unseen {
    position: absolute;
    inline-size: 1px;
    block-size: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  button,
  input {
    font: inherit;
    color: inherit;
    letter-spacing: inherit;
  }

  svg {
    display: block;
    flex: none;
  }
`;
