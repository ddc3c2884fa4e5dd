declare global {
  /** Declared here, so that the types of Latchkey also compile in apps without `lib: ["esnext.disposable"]`. */
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/**
 * An object that `await using` ends at the end of a block.
 * @see https://github.com/tc39/proposal-explicit-resource-management
 */
export interface AsyncDispose {
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The key of the method that `await using` calls. In browsers without `Symbol.asyncDispose`, compilers such as esbuild use the
 * registered symbol of this name.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");
