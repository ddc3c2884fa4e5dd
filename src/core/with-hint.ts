import { withoutHint } from "./auth-error.ts";

/**
 * Returns a copy of `error` with another hint. `error` itself stays as it is, because it might belong to the app or to another
 * object. The copy has the class, the other members and the stack of `error`.
 */
export function withHint<T extends Error>(error: T, hint: string): T {
  const message = `${withoutHint(error)}\n${hint}`;
  // An uncaught error shows `stack`, which begins with the message.
  const stack = error.stack?.replace(error.message, () => message);
  const members = { hint, message, ...(stack !== undefined && { stack }) };
  const copy = Object.create(
    Object.getPrototypeOf(error) as object,
    Object.getOwnPropertyDescriptors(error),
  ) as T;
  for (const [name, value] of Object.entries(members)) {
    const enumerable = name === "hint";
    Object.defineProperty(copy, name, { value, enumerable, writable: true, configurable: true });
  }
  return copy;
}
