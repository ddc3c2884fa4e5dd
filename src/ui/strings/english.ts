import type { Strings } from "./strings.ts";

/** English texts. The elements use these texts when no other built-in language matches the page. */
export const english: Strings = {
  language: "en",
  close: "Close",

  chooseAccount: "Choose an account",
  signedOut: "Signed out",
  thisTab: "This tab",
  useAnotherAccount: "Use another account",
  searchAccounts: "Search accounts",
  accountsFound: (count) =>
    count === 0 ? "No account found" : count === 1 ? "1 account" : `${count} accounts`,

  rememberQuestion: (name) => `Stay signed in as ${name}?`,
  rememberReason: "You will be let in at once next time. Say no on a device you share.",
  yes: "Yes",
  no: "No",

  deviceTitle: "Sign in with your phone",
  deviceHelp: "Scan the QR code, or open this page and enter the code:",
  qrCode: "QR code that opens the sign-in page",
  code: "Code",
  copyCode: "Copy code",
  copied: "Copied",
  timeLeft: (minutes, seconds) =>
    minutes > 0
      ? `${minutes} ${minutes === 1 ? "minute" : "minutes"} left`
      : `${seconds} ${seconds === 1 ? "second" : "seconds"} left`,
  waiting: "Waiting for you to sign in",
  retrying: "No connection, trying again. The code stays valid",
  approved: "You are signed in",
  denied: "The sign-in was declined",
  expired: "The code has expired",
  failed: "The sign-in did not work",
  deviceAgain: "Close this and sign in again to get a new code.",
  cancel: "Cancel",

  signIn: "Sign in",
  signingIn: "Signing in…",
  signInAgain: "Sign in again",
  signOut: "Sign out",
  signInProblem: (code) =>
    code === "popup_blocked"
      ? "Your browser blocked the sign-in window. Allow windows for this site."
      : code === "network" || code === "timeout"
        ? "No connection to the sign-in server. Try again later."
        : `The sign-in did not work (${code}).`,
  accountOf: (name) => `Account: ${name}`,
};
