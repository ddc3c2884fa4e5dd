/**
 * Loads a module, and drops what the module writes with `console.warn()` and `console.info()` while it loads. Errors are thrown
 * as usual.
 */
export async function importQuietly<T>(load: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await load();
  } finally {
    Object.assign(console, { warn, info });
  }
}
