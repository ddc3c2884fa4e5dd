import {
  html,
  LitElement,
  nothing,
  type CSSResultGroup,
  type PropertyDeclarations,
  type TemplateResult,
} from "lit";
import type { LoginPrompt, PromptOptions } from "../core/login-prompt.ts";
import type { User } from "../core/user.ts";
import { assertInPage } from "./assert-in-page.ts";
import { avatar } from "./avatar.ts";
import { nameOf } from "./shown-user.ts";
import { question, type Question } from "./question.ts";
import { rememberStyles } from "./remember-styles.ts";
import { Speech } from "./strings/speech.ts";
import type { Strings } from "./strings/strings.ts";

/**
 * `<latchkey-remember>`: asks whether to remember the user. While a `shouldRemember()` call is pending, the element shows a
 * card in the corner of the page. The card does not take the focus. With the attribute `inline`, the card is at the place of the
 * element in the page, and covers nothing.
 *
 * @csspart card, avatar, title, reason, yes, no
 * @see https://html.spec.whatwg.org/multipage/popover.html
 * @example
 * defineLatchkeyElements();
 * const remember = document.createElement("latchkey-remember");
 * document.body.append(remember);
 */
export class LatchkeyRemember extends LitElement implements Pick<LoginPrompt, "shouldRemember"> {
  static override readonly properties: PropertyDeclarations = {
    inline: { type: Boolean, reflect: true },
    strings: { attribute: false },
  };
  static override readonly styles: CSSResultGroup = rememberStyles;

  /** Shows the card at the place of the element in the page, in place of a corner of the page. Default: false. */
  declare inline: boolean | undefined;
  /** Texts that replace the built-in texts of the page's language. */
  declare strings: Partial<Strings> | undefined;

  readonly #speech = new Speech(this);
  #user: User | undefined;
  #question: Question<boolean> | undefined;
  /** The element that had the focus before the user moved the focus into the card. */
  #before: HTMLElement | undefined;

  /**
   * Shows the card. If the user clicks "Yes", returns true. In all other cases, returns false.
   * @throws ConfigurationError the element is not in the page
   */
  async shouldRemember(user: User, { signal }: PromptOptions): Promise<boolean> {
    assertInPage(this);
    this.#question?.drop();
    if (signal.aborted) return false;
    this.#user = user;
    this.#question = question({ signal, withoutResponse: false, onEnd: this.#hide });
    this.requestUpdate();
    this.updateComplete.catch(this.#question.fail);
    return this.#question.response;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#question?.drop();
  }

  readonly #hide = (): void => {
    const hadFocus = this.shadowRoot?.activeElement;
    this.#question = undefined;
    this.#user = undefined;
    if (this.#card?.popover) this.#card.hidePopover();
    if (hadFocus) this.#before?.focus();
    this.#before = undefined;
    this.requestUpdate();
  };

  get #card(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(".card");
  }

  protected override updated(): void {
    const card = this.#card;
    // A popover is on top of the page and does not take the focus.
    if (this.#question && card?.popover && !card.matches(":popover-open")) card.showPopover();
  }

  protected override render(): TemplateResult {
    const { strings } = this.#speech;
    const user = this.#user;
    return html`<p class="unseen" role="status" lang=${strings.language}>
        ${user ? strings.rememberQuestion(nameOf(user)) : ""}
      </p>
      ${user ? this.#renderCard(user, strings) : nothing}`;
  }

  #renderCard(user: User, strings: Strings): TemplateResult {
    return html`<div
      part="card"
      class="surface card"
      popover=${this.inline ? nothing : "manual"}
      role=${this.inline ? "group" : "dialog"}
      lang=${strings.language}
      aria-labelledby="title"
      aria-describedby="reason"
      @focusin=${this.#noteFocus}
      @keydown=${this.#onKey}
    >
      ${avatar(user)}
      <div class="text">
        <h2 id="title" part="title">${isolated(nameOf(user), strings.rememberQuestion)}</h2>
        <p id="reason" part="reason" class="muted">${strings.rememberReason}</p>
      </div>
      <div class="actions">
        <button type="button" class="button" part="no" @click=${() => this.#question?.drop()}>
          ${strings.no}
        </button>
        <button
          type="button"
          class="button primary"
          part="yes"
          @click=${() => this.#question?.settle(true)}
        >
          ${strings.yes}
        </button>
      </div>
    </div>`;
  }

  readonly #noteFocus = ({ relatedTarget }: FocusEvent): void => {
    if (relatedTarget instanceof HTMLElement && !this.renderRoot.contains(relatedTarget))
      this.#before = relatedTarget;
  };

  readonly #onKey = ({ key }: KeyboardEvent): void => {
    if (key === "Escape") this.#question?.drop();
  };
}

/**
 * Renders a question about a user. The direction of the letters of `name` does not change the order of the other words.
 * @see https://html.spec.whatwg.org/multipage/text-level-semantics.html#the-bdi-element
 */
function isolated(name: string, ask: (name: string) => string): TemplateResult {
  // `ask()` gets the name between U+2068 and U+2069, and the two characters mark the name in the text. The element `<bdi>` then
  // replaces the two characters.
  const [before = "", isolatedName, ...after] = ask(`\u2068${name}\u2069`).split(/[\u2068\u2069]/);
  return isolatedName === undefined
    ? html`${before}`
    : html`${before}<bdi>${isolatedName}</bdi>${after.join("")}`;
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-remember": LatchkeyRemember;
  }
}
