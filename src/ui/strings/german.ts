import type { Strings } from "./strings.ts";

/** German texts. */
export const german: Strings = {
  language: "de",
  close: "Schließen",

  chooseAccount: "Konto auswählen",
  signedOut: "Abgemeldet",
  thisTab: "Dieser Tab",
  useAnotherAccount: "Anderes Konto verwenden",
  searchAccounts: "Konten durchsuchen",
  accountsFound: (count) =>
    count === 0 ? "Kein Konto gefunden" : count === 1 ? "1 Konto" : `${count} Konten`,

  rememberQuestion: (name) => `Als ${name} angemeldet bleiben?`,
  rememberReason:
    "Beim nächsten Mal geht es sofort weiter. Auf einem gemeinsam genutzten Gerät besser nicht.",
  yes: "Ja",
  no: "Nein",

  deviceTitle: "Anmelden per Handy",
  deviceHelp: "Den QR-Code scannen, oder diese Seite öffnen und den Code eingeben:",
  qrCode: "QR-Code, der die Anmeldeseite öffnet",
  code: "Code",
  copyCode: "Code kopieren",
  copied: "Kopiert",
  timeLeft: (minutes, seconds) =>
    minutes > 0
      ? `Noch ${minutes} ${minutes === 1 ? "Minute" : "Minuten"}`
      : `Noch ${seconds} ${seconds === 1 ? "Sekunde" : "Sekunden"}`,
  waiting: "Wartet auf Anmeldung",
  retrying: "Keine Verbindung, neuer Versuch. Der Code gilt weiter",
  approved: "Sie sind angemeldet",
  denied: "Die Anmeldung wurde abgelehnt",
  expired: "Der Code ist abgelaufen",
  failed: "Die Anmeldung hat nicht geklappt",
  deviceAgain: "Schließen und erneut anmelden, dann gibt es einen neuen Code.",
  cancel: "Abbrechen",

  signIn: "Anmelden",
  signingIn: "Anmeldung läuft…",
  signInAgain: "Erneut anmelden",
  signOut: "Abmelden",
  signInProblem: (code) =>
    code === "popup_blocked"
      ? "Der Browser hat das Anmeldefenster blockiert. Fenster für diese Seite erlauben."
      : code === "network" || code === "timeout"
        ? "Keine Verbindung zum Anmeldeserver. Später erneut versuchen."
        : `Die Anmeldung hat nicht geklappt (${code}).`,
  accountOf: (name) => `Konto: ${name}`,
};
