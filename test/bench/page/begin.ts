/**
 * When the page's script began. Imported first, so that evaluating the modules after it is measured, too; to fetch and to
 * compile them is not, which is why the times from the navigation on are given beside it.
 */
export const begin: number = performance.now();
