/** All that the elements say. A language of your own is an object of this shape. */
export interface Strings {
  /** BCP 47, for screen readers: which voice reads it. */
  readonly language: string;

  readonly close: string;

  readonly chooseAccount: string;
  readonly signedOut: string;
  readonly useAnotherAccount: string;
  readonly searchAccounts: string;
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
  /** In words, for screen readers: told a few times only. */
  readonly timeLeft: (minutes: number, seconds: number) => string;
  readonly waiting: string;
  readonly retrying: string;
  readonly approved: string;
  readonly denied: string;
  readonly expired: string;
  readonly failed: string;
  /** What to do about `denied`, `expired` and `failed`. */
  readonly deviceAgain: string;
  readonly cancel: string;

  readonly signIn: string;
  readonly signingIn: string;
  readonly signInAgain: string;
  readonly signOut: string;
  readonly accountOf: (name: string) => string;
}
