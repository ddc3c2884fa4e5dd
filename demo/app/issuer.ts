/** Of the provider that runs beside the app: the server writes it into each page. */
export const issuer = document.querySelector<HTMLMetaElement>('meta[name="issuer"]')?.content ?? "";
