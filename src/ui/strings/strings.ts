/**
 * All texts of the elements in one language.
 * @example
 * const button = document.createElement("latchkey-button");
 * button.strings = { ...english, signIn: "Log in" };
 */
export interface Strings {
  /**
   * The BCP 47 tag of the language. The elements set this tag as the `lang` of their content, for screen readers.
   * @see https://www.rfc-editor.org/rfc/rfc5646
   */
  readonly language: string;

  readonly close: string;

  readonly chooseAccount: string;
  /** Shown beside a user who must log in again. */
  readonly signedOut: string;
  /** Shown beside this tab's user. */
  readonly thisTab: string;
  readonly useAnotherAccount: string;
  readonly searchAccounts: string;
  /** Says how many users match the search. `count` is this number. */
  readonly accountsFound: (count: number) => string;

  readonly rememberQuestion: (name: string) => string;
  readonly rememberReason: string;
  readonly yes: string;
  readonly no: string;

  readonly deviceTitle: string;
  readonly deviceHelp: string;
  readonly qrCode: string;
  readonly code: string;
  readonly copyCode: string;
  readonly copied: string;
  /** Says how long the code is still valid. Only screen readers announce this text. */
  readonly timeLeft: (minutes: number, seconds: number) => string;
  readonly waiting: string;
  readonly retrying: string;
  readonly approved: string;
  readonly denied: string;
  readonly expired: string;
  readonly failed: string;
  /** Tells the user what to do after `denied`, `expired` and `failed`. */
  readonly deviceAgain: string;
  readonly cancel: string;

  readonly signIn: string;
  readonly signingIn: string;
  readonly signInAgain: string;
  readonly signOut: string;
  /** Says why a sign-in did not work. `code` is the `code` of the error. */
  readonly signInProblem: (code: string) => string;
  /** The accessible name of the button that opens the menu of the logged-in user. */
  readonly accountOf: (name: string) => string;
}
