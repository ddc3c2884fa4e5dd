declare const process: { readonly env: { readonly NODE_ENV?: string } };

/**
 * Shows a line in the console of a development build. Bundlers replace `process.env.NODE_ENV`. Without a bundler, the variable
 * does not exist, and nothing is shown.
 */
export function warnInDevelopment(message: string): void {
  try {
    if (process.env.NODE_ENV === "production") return;
  } catch {
    return;
  }
  // oxlint-disable-next-line no-console
  console.warn(`Latchkey: ${message.replaceAll("\n", " ")}`);
}
