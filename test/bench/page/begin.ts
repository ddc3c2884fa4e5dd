/**
 * When the page's script began. This module is imported first, so that the evaluation of the other modules is measured. Only
 * the times from the navigation on include fetching and compiling them.
 */
export const begin: number = performance.now();
