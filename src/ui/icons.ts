import { html, svg, type SVGTemplateResult, type TemplateResult } from "lit";

function icon(paths: SVGTemplateResult): TemplateResult {
  return html`<svg
    viewBox="0 0 24 24"
    width="20"
    height="20"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  >
    ${paths}
  </svg>`;
}

export const closeIcon = (): TemplateResult => icon(svg`<path d="M6 6l12 12M18 6L6 18" />`);

export const addIcon = (): TemplateResult =>
  icon(svg`<circle cx="10" cy="8" r="4" /><path d="M3 20a7 7 0 0 1 12-4.9M18 14v6M15 17h6" />`);

export const searchIcon = (): TemplateResult =>
  icon(svg`<circle cx="11" cy="11" r="6.5" /><path d="M16 16l4.5 4.5" />`);

export const copyIcon = (): TemplateResult =>
  icon(
    svg`<rect x="9" y="9" width="11" height="11" rx="2" /><path d="M5 15H4V6a2 2 0 0 1 2-2h9v1" />`,
  );

export const checkIcon = (): TemplateResult => icon(svg`<path d="M5 12.5l4.5 4.5L19 7.5" />`);

export const alertIcon = (): TemplateResult =>
  icon(svg`<circle cx="12" cy="12" r="9" /><path d="M12 7.5v5.5M12 16.5v.01" />`);
