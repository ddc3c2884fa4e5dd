/**
 * All texts of the elements in one language.
 * @example
 * const button = document.createElement("latchkey-button");
 * button.strings = { ...english, signIn: "Log in" };
 */
export interface Strings {
  /**
   * BCP 47 language tag. Becomes the `lang` attribute, from which a screen reader chooses its voice.
   * @see https://www.rfc-editor.org/rfc/rfc5646
   */
  readonly language: string;

  readonly close: string;

  readonly chooseAccount: string;
  /** Marks a user that needs a login. */
  readonly signedOut: string;
  readonly useAnotherAccount: string;
  readonly searchAccounts: string;
  /** `count`: number of users that match the search. */
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
  /** The remaining time in words. Screen readers announce the text a few times only. */
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
  /** Accessible name of the button that opens the menu. */
  readonly accountOf: (name: string) => string;
}
