/** The demo's registration. */
export const CLIENT_ID = "latchkey-demo";

/** Of the page of the first token, which signs the person in when it is opened without a session. */
export const CALLBACK = "/bench/token/callback";

export function issuer(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="issuer"]')?.content ?? "";
}
