/** Returns a JSON value of `localStorage`, or undefined if the value is absent or damaged. */
export function stored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "") as unknown;
  } catch {
    return undefined;
  }
}
