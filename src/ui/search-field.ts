import { html, type TemplateResult } from "lit";
import { searchIcon } from "./icons.ts";
import type { Strings } from "./strings/strings.ts";

/** Options of `searchField()`. */
export interface SearchFieldOptions {
  readonly query: string;
  /** The number of users that match the query. */
  readonly count: number;
  readonly strings: Strings;
  readonly onInput: (event: Event) => void;
  readonly onKeydown: (event: KeyboardEvent) => void;
}

/** Renders a search field and the number of users that match the query. Screen readers announce this number. */
export function searchField(options: SearchFieldOptions): TemplateResult {
  const { query, count, strings, onInput, onKeydown } = options;
  return html`<div class="search">
    ${searchIcon()}
    <input
      part="search"
      type="search"
      autocomplete="off"
      spellcheck="false"
      enterkeyhint="search"
      aria-label=${strings.searchAccounts}
      placeholder=${strings.searchAccounts}
      .value=${query}
      @input=${onInput}
      @keydown=${onKeydown}
    />
    <p role="status" class=${count === 0 ? "none muted" : "unseen"}>
      ${query === "" ? "" : strings.accountsFound(count)}
    </p>
  </div>`;
}
