/** The issuer of the demo's provider. The server writes it into each page. */
export const issuer = document.querySelector<HTMLMetaElement>('meta[name="issuer"]')?.content ?? "";
