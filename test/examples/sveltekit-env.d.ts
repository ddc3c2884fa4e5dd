/** SvelteKit writes this declaration in the folder of an app. The type check of this repository does not run SvelteKit. */
declare module "$env/dynamic/public" {
  export const env: { readonly PUBLIC_ISSUER?: string };
}
