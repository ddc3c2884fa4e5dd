/** The client id of the demo. */
export const CLIENT_ID = "latchkey-demo";

/** The redirect path of the token page. Without a session, this page starts a login. */
export const CALLBACK = "/bench/token/callback";

/** The issuer that the server writes into the page. */
export function issuer(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="issuer"]')?.content ?? "";
}
