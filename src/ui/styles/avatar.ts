import { css, type CSSResult } from "lit";

/** Styles of the avatar. The initials are visible until the picture has loaded. Then the picture covers the initials. */
export const avatarStyles: CSSResult = css`
  .avatar {
    position: relative;
    display: inline-grid;
    place-items: center;
    flex: none;
    inline-size: 2.5rem;
    block-size: 2.5rem;
    border-radius: 50%;
    overflow: hidden;
    font-size: 0.9375rem;
    font-weight: 650;
    line-height: 1;
    background: light-dark(oklch(0.91 0.055 var(--_hue)), oklch(0.38 0.075 var(--_hue)));
    color: light-dark(oklch(0.36 0.11 var(--_hue)), oklch(0.93 0.045 var(--_hue)));
  }

  .avatar::before {
    content: attr(data-initials);
  }

  .avatar img {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    object-fit: cover;
  }

  .hue-0 {
    --_hue: 255;
  }
  .hue-1 {
    --_hue: 155;
  }
  .hue-2 {
    --_hue: 25;
  }
  .hue-3 {
    --_hue: 310;
  }
  .hue-4 {
    --_hue: 75;
  }
  .hue-5 {
    --_hue: 205;
  }
`;
