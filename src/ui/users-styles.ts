import { css, type CSSResultGroup } from "lit";
import { avatarStyles } from "./styles/avatar.ts";
import { controls } from "./styles/controls.ts";
import { modalStyles } from "./styles/modal.ts";
import { theme } from "./styles/theme.ts";

/** Styles of `<latchkey-users>`. */
export const usersStyles: CSSResultGroup = [
  theme,
  controls,
  avatarStyles,
  modalStyles,
  css`
    ul {
      min-block-size: 0;
      overflow: auto;
      overscroll-behavior: contain;
      padding: 0.25rem 0.75rem;
      list-style: none;
    }

    .row {
      display: flex;
      align-items: center;
      gap: 0.875rem;
      inline-size: 100%;
      min-block-size: 3.75rem;
      padding: 0.5rem 0.75rem;
      border-radius: var(--_control-radius);
      text-align: start;
    }

    .row:hover {
      background: var(--_hover);
    }

    .row:focus-visible {
      outline-offset: -2px;
    }

    .who {
      display: grid;
      flex: 1;
      min-inline-size: 0;
      line-height: 1.35;
    }

    .name {
      font-weight: 600;
    }

    .email {
      font-size: 0.8125rem;
    }

    .name,
    .email {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }

    .mark {
      flex: none;
      padding: 0.1875rem 0.5625rem;
      border: 1px solid var(--_line);
      border-radius: 1rem;
      font-size: 0.75rem;
      color: var(--_muted);
    }

    .here {
      border-color: currentColor;
      color: var(--_accent);
      font-weight: 600;
    }

    .foot {
      padding: 0.5rem 0.75rem 0.75rem;
      border-block-start: 1px solid var(--_line);
    }

    .other {
      font-weight: 600;
    }

    .sign {
      display: grid;
      place-items: center;
      inline-size: 2.5rem;
      block-size: 2.5rem;
      border: 1px solid var(--_line);
      border-radius: 50%;
      color: var(--_muted);
    }

    .problem {
      margin: 0 1.5rem 0.75rem;
      color: var(--_danger);
      font-size: 0.875rem;
      line-height: 1.35;
    }

    .search {
      position: relative;
      padding: 0 1.5rem 0.5rem;
    }

    .search svg {
      position: absolute;
      inset-inline-start: 2.25rem;
      inset-block-start: 0.75rem;
      color: var(--_muted);
      pointer-events: none;
    }

    input {
      appearance: none;
      inline-size: 100%;
      min-block-size: 2.75rem;
      margin: 0;
      padding-block: 0.5rem;
      padding-inline: 2.75rem 0.75rem;
      border: 1px solid light-dark(#868e9c, #6d7686);
      border-radius: var(--_control-radius);
      background: var(--_surface);
    }

    input::placeholder {
      color: var(--_muted);
      opacity: 1;
    }

    input:focus-visible {
      outline-offset: -1px;
    }

    .none {
      padding-block: 1.5rem 1rem;
      text-align: center;
    }
  `,
];
