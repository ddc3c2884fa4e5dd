/**
 * When the page's script began. Imported first, so that evaluating the modules after it is measured, too. To fetch and to
 * compile them is not: that is in the times from the navigation on.
 */
export const begin: number = performance.now();
