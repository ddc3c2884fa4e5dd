/** Stands for the module `$app/navigation` of SvelteKit. */

/** The `goto()` calls: the URL, and whether the page's entry in the history is replaced. */
export const visits: { readonly url: string; readonly replaceState: boolean }[] = [];

/**
 * Notes the call.
 * @public the layout of the example imports it
 */
export async function goto(
  url: string,
  { replaceState = false }: { readonly replaceState?: boolean } = {},
): Promise<void> {
  visits.push({ url, replaceState });
}
