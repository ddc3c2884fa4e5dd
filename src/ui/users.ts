import {
  html,
  LitElement,
  nothing,
  type CSSResultGroup,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit";
import { repeat } from "lit/directives/repeat.js";
import type {
  LoginChoice,
  LoginPrompt,
  PromptOptions,
  RememberedUser,
} from "../core/login-prompt.ts";
import type { UserAgent } from "../core/user-agent.ts";
import { userRow } from "./user-row.ts";
import { usersStyles } from "./users-styles.ts";
import { assertInPage } from "./assert-in-page.ts";
import { addIcon } from "./icons.ts";
import { modal } from "./modal.ts";
import { problemCode } from "./problem-code.ts";
import { isFound } from "./shown-user.ts";
import { question, type Question } from "./question.ts";
import { searchField } from "./search-field.ts";
import { Speech } from "./strings/speech.ts";
import type { Strings } from "./strings/strings.ts";

/** If the picker lists at least this number of users, the picker shows a search field. */
const SEARCHED_FROM = 10;

/**
 * `<latchkey-users>`: the account picker. The element shows a modal dialog while a `chooseUser()` call is pending.
 *
 * @csspart dialog, sheet, title, close, search, user, avatar, name, email, signed-out, this-tab, other, problem
 * @see https://html.spec.whatwg.org/multipage/interactive-elements.html#the-dialog-element
 * @example
 * defineLatchkeyElements();
 * const users = document.createElement("latchkey-users");
 * users.userAgent = new PopupUserAgent("/popup.html");
 * document.body.append(users);
 */
export class LatchkeyUsers extends LitElement implements Pick<LoginPrompt, "chooseUser"> {
  static override readonly properties: PropertyDeclarations = {
    strings: { attribute: false },
    userAgent: { attribute: false },
  };
  static override readonly styles: CSSResultGroup = usersStyles;

  /** Texts that replace the built-in texts of the page's language. */
  declare strings: Partial<Strings> | undefined;
  /**
   * The user agent of the login that follows the user's choice, for example a `PopupUserAgent`. Default: the login navigates
   * the page.
   */
  declare userAgent: UserAgent | undefined;

  readonly #speech = new Speech(this);
  #users: readonly RememberedUser[] = [];
  /** The `sub` of this tab's user. */
  #current: string | undefined;
  #question: Question<LoginChoice> | undefined;
  #query = "";
  /** The `problemCode()` of the last login. */
  #problem: string | undefined;

  /**
   * Shows the picker and returns the user's choice. The picker lists the most recently used account first, and marks this tab's
   * user. If the user makes no choice, returns `{ type: "dismiss" }`.
   * @throws ConfigurationError the element is not in the page
   */
  async chooseUser(
    users: readonly RememberedUser[],
    { signal, error, current }: PromptOptions,
  ): Promise<LoginChoice> {
    assertInPage(this);
    this.#question?.drop();
    if (signal.aborted) return { type: "dismiss" };
    this.#users = [...users].sort((a, b) => b.lastUsedAt - a.lastUsedAt);
    this.#current = current;
    this.#query = "";
    this.#problem = error && problemCode(error);
    this.#question = question<LoginChoice>({
      signal,
      withoutResponse: { type: "dismiss" },
      onEnd: this.#hide,
    });
    this.requestUpdate();
    this.updateComplete.catch(this.#question.fail);
    return this.#question.response;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#question?.drop();
  }

  readonly #hide = (): void => {
    this.#question = undefined;
    // Close the dialog before rendering removes the dialog. Otherwise the browser would not give the focus back to the page.
    this.#dialog?.close();
    this.#users = [];
    this.requestUpdate();
  };

  get #dialog(): HTMLDialogElement | null {
    return this.renderRoot.querySelector("dialog");
  }

  protected override updated(): void {
    const dialog = this.#dialog;
    if (!dialog || dialog.open) return;
    dialog.showModal();
    this.#rows[0]?.focus();
  }

  get #rows(): readonly HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>(".user")];
  }

  protected override render(): TemplateResult | typeof nothing {
    const asked = this.#question;
    if (!asked) return nothing;
    const { strings } = this.#speech;
    const found = this.#found;
    return modal({
      title: strings.chooseAccount,
      strings,
      onDismiss: asked.drop,
      content: html`${
          this.#problem === undefined
            ? nothing
            : html`<p class="problem" part="problem" role="alert">
                ${strings.signInProblem(this.#problem)}
              </p>`
        }${
          this.#users.length < SEARCHED_FROM
            ? nothing
            : searchField({
                query: this.#query,
                count: found.length,
                strings,
                onInput: this.#search,
                onKeydown: this.#leaveSearch,
              })
        }
        <ul role="list" @keydown=${this.#walk}>
          ${repeat(
            found,
            ({ sub }) => sub,
            (user) =>
              html`<li>
                ${userRow({
                  user,
                  current: this.#current,
                  strings,
                  onChoose: () => this.#choose(user),
                })}
              </li>`,
          )}
        </ul>
        <div class="foot">
          <button
            type="button"
            class="row other"
            part="other"
            @click=${() => this.#leave({ type: "other" })}
          >
            <span class="sign">${addIcon()}</span>${strings.useAnotherAccount}
          </button>
        </div>`,
    });
  }

  #choose({ sub, needsLogin }: RememberedUser): void {
    const choice = { type: "continue", sub } as const;
    if (needsLogin) this.#leave(choice);
    else this.#question?.settle(choice);
  }

  get #found(): readonly RememberedUser[] {
    return this.#query === ""
      ? this.#users
      : this.#users.filter((user) => isFound(user, this.#query));
  }

  readonly #search = ({ currentTarget }: Event): void => {
    this.#query = (currentTarget as HTMLInputElement).value.trim();
    this.requestUpdate();
  };

  /**
   * Handles the keys in the search field. Escape empties the field. If the field is already empty, Escape closes the dialog.
   * Arrow Down moves the focus to the first user. If the search finds exactly one user, Enter chooses this user.
   */
  readonly #leaveSearch = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const rows = this.#rows;
    if (event.key === "Escape" && this.#query !== "") {
      event.preventDefault();
      this.#query = "";
      this.requestUpdate();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      rows[0]?.focus();
    } else if (event.key === "Enter" && rows.length === 1) {
      rows[0]!.click();
    }
  };

  /** Moves the focus with the arrow keys, Home and End. */
  readonly #walk = (event: KeyboardEvent): void => {
    const rows = this.#rows;
    const at = rows.indexOf(event.target as HTMLElement);
    const next = {
      ArrowDown: Math.min(at + 1, rows.length - 1),
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    (rows[next] ?? this.renderRoot.querySelector("input"))?.focus();
  };

  /**
   * Ends the picker with a choice that needs a login. Opens the user agent now, because browsers allow a popup only during a
   * click.
   */
  #leave(choice: Exclude<LoginChoice, { type: "dismiss" }>): void {
    const asked = this.#question;
    try {
      const roundTrip = this.userAgent?.open();
      asked?.settle({ ...choice, ...(roundTrip && { roundTrip }) });
    } catch (error) {
      asked?.fail(error);
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-users": LatchkeyUsers;
  }
}
