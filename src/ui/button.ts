import {
  html,
  LitElement,
  nothing,
  type CSSResultGroup,
  type PropertyDeclarations,
  type PropertyValues,
  type TemplateResult,
} from "lit";
import type { Auth } from "../core/auth.ts";
import type { LoginOptions, LogoutOptions } from "../core/auth-options.ts";
import { avatar } from "./avatar.ts";
import { buttonStyles } from "./button-styles.ts";
import { nameOf, secondLineOf, type ShownUser } from "./shown-user.ts";
import { placeBelow } from "./place-below.ts";
import { problemCode } from "./problem-code.ts";
import { Speech } from "./strings/speech.ts";
import type { Strings } from "./strings/strings.ts";

/** The members of an `Auth` that the button uses. */
export type ButtonAuth = Pick<Auth, "state" | "subscribe" | "login" | "logout">;

/**
 * `<latchkey-button>`: while no user is logged in, shows a "Sign in" button. While a user is logged in, shows the user's
 * avatar. The avatar opens a menu with "Sign out".
 *
 * @slot more items of the menu, above "Sign out"
 * @csspart button, avatar, menu, name, email, sign-out, problem
 * @fires latchkey-error a login or logout failed; `detail` is the error
 * @example
 * defineLatchkeyElements();
 * const button = document.createElement("latchkey-button");
 * button.auth = auth;
 * document.body.append(button);
 */
export class LatchkeyButton extends LitElement {
  static override readonly properties: PropertyDeclarations = {
    auth: { attribute: false },
    loginOptions: { attribute: false },
    logoutOptions: { attribute: false },
    strings: { attribute: false },
  };
  static override readonly styles: CSSResultGroup = buttonStyles;

  /** The `Auth` whose state the button shows. Until `auth` is set, the button shows a placeholder. */
  declare auth: ButtonAuth | undefined;
  /** Options of the button's `login()` call, such as a `userAgent`. */
  declare loginOptions: LoginOptions | undefined;
  /** Options of the button's `logout()` call. */
  declare logoutOptions: LogoutOptions | undefined;
  /** Texts that replace the built-in texts of the page's language. */
  declare strings: Partial<Strings> | undefined;

  readonly #speech = new Speech(this);
  #unsubscribe: (() => void) | undefined;
  #hadFocus = false;
  /** The `problemCode()` of the button's last login. */
  #problem: string | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#follow();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has("auth")) this.#follow();
    this.#hadFocus = Boolean(this.shadowRoot?.activeElement);
  }

  /** Keeps the focus in the element. If rendering has removed the button that had the focus, the new button gets the focus. */
  protected override updated(): void {
    if (this.#hadFocus && !this.shadowRoot?.activeElement) {
      this.renderRoot.querySelector<HTMLElement>("button")?.focus();
    }
  }

  #follow(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = this.auth?.subscribe(() => {
      if (this.auth?.state.status === "authenticated") this.#problem = undefined;
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  protected override render(): TemplateResult {
    const { strings } = this.#speech;
    const state = this.auth?.state ?? { status: "loading" };
    switch (state.status) {
      case "loading":
        return html`<span class="surface place" aria-busy="true"></span>`;
      case "anonymous":
      case "unavailable":
        return this.#renderSignIn(strings.signIn, strings);
      case "expired":
        return this.#renderSignIn(strings.signInAgain, strings, state.user);
      case "authenticated":
        return this.#renderMenu(state.user, strings);
      case "authenticating":
        return this.#renderBusy(strings);
      default:
        return state satisfies never;
    }
  }

  /** Renders the button during a login. The button is not `disabled`, because a `disabled` button loses the focus. */
  #renderBusy(strings: Strings): TemplateResult {
    return html`<button
      type="button"
      part="button"
      class="surface button primary"
      lang=${strings.language}
      aria-disabled="true"
    >
      <span class="spinner" aria-hidden="true"></span>${strings.signingIn}
    </button>`;
  }

  #renderSignIn(words: string, strings: Strings, user?: ShownUser): TemplateResult {
    return html`<button
        type="button"
        part="button"
        class="surface button primary"
        lang=${strings.language}
        @click=${() => this.#login(user)}
      >
        ${words}
      </button>
      ${this.#renderProblem(strings)}`;
  }

  /** Says why the last login failed. Screen readers announce the text. A login that the user cancelled needs no text. */
  #renderProblem(strings: Strings): TemplateResult | typeof nothing {
    const state = this.auth?.state;
    const code =
      this.#problem ??
      (state?.status === "anonymous" && state.error ? problemCode(state.error) : undefined);
    if (code === undefined || code === "cancelled") return nothing;
    return html`<p class="problem" part="problem" role="alert" lang=${strings.language}>
      ${strings.signInProblem(code)}
    </p>`;
  }

  #renderMenu(user: ShownUser, strings: Strings): TemplateResult {
    const second = secondLineOf(user);
    return html`<button
        type="button"
        part="button"
        class="surface face"
        aria-label=${strings.accountOf(nameOf(user))}
        aria-expanded="false"
        aria-controls="menu"
        popovertarget="menu"
      >
        ${avatar(user)}
      </button>
      <div
        id="menu"
        part="menu"
        class="surface menu"
        popover="auto"
        lang=${strings.language}
        @beforetoggle=${this.#beforeToggle}
        @toggle=${this.#onToggle}
      >
        <div class="who">
          ${avatar(user)}
          <p>
            <span class="name" part="name"><bdi>${nameOf(user)}</bdi></span>
            ${
              second === undefined
                ? nothing
                : html`<span class="muted email" part="email"><bdi>${second}</bdi></span>`
            }
          </p>
        </div>
        <slot></slot>
        <button type="button" class="item" part="sign-out" @click=${this.#logout}>
          ${strings.signOut}
        </button>
      </div>`;
  }

  /** If the menu has the focus when the menu closes, moves the focus to the button that opens the menu. */
  readonly #beforeToggle = (event: Event): void => {
    const { newState } = event as ToggleEvent;
    const menu = event.currentTarget as HTMLElement;
    if (newState === "closed" && menu.matches(":focus-within"))
      this.renderRoot.querySelector<HTMLElement>(".face")?.focus();
  };

  readonly #onToggle = (event: Event): void => {
    const isOpen = (event as ToggleEvent).newState === "open";
    const menu = event.currentTarget as HTMLElement;
    const face = this.renderRoot.querySelector<HTMLElement>(".face");
    face?.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && face) placeBelow(menu, face);
    menu.toggleAttribute("data-placed", isOpen);
  };

  #login(user?: ShownUser): void {
    const loginHint = user?.email?.trim() || undefined;
    this.#problem = undefined;
    const login = this.auth?.login({
      ...(loginHint !== undefined && { loginHint }),
      ...this.loginOptions,
    });
    login?.catch((error: unknown) => {
      this.#problem = problemCode(error);
      this.requestUpdate();
    });
    this.#reportFailure(login);
  }

  readonly #logout = (): void => {
    this.renderRoot.querySelector<HTMLElement>(".menu")?.hidePopover();
    this.#reportFailure(
      this.auth?.logout(this.logoutOptions).then(({ error }) => {
        if (error) throw error;
      }),
    );
  };

  #reportFailure(call: Promise<unknown> | undefined): void {
    call?.catch((error: unknown) => {
      this.dispatchEvent(new CustomEvent("latchkey-error", { detail: error }));
    });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "latchkey-button": LatchkeyButton;
  }
}
