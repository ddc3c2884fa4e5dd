declare const VALUE: unique symbol;

/** Identifies a value of type `T` in a `TokenContext`. Two keys with the same name are different keys. */
export interface ContextKey<T> {
  readonly name: string;
  /**
   * Makes `ContextKey` invariant in `T`: TypeScript does not accept a `ContextKey<string>` as a `ContextKey<string | number>`.
   */
  readonly [VALUE]?: (value: T) => T;
}

/**
 * Creates a key for a `TokenContext`. `name` is only for debugging.
 * @example
 * const TENANT = contextKey<string>("tenant");
 * const token = await auth.getToken({ context: TokenContext.of(TENANT, "acme") });
 */
export function contextKey<T>(name: string): ContextKey<T> {
  return { name };
}

/**
 * Typed values that the caller of a method such as `getToken()` passes to the grants. A context never changes: `with()` returns
 * a new context.
 * @example
 * const [TENANT, REGION] = [contextKey<string>("tenant"), contextKey<string>("region")];
 * const context = TokenContext.of(TENANT, "acme").with(REGION, "eu");
 * const tenant = context.get(TENANT);
 */
export class TokenContext {
  readonly #values: ReadonlyMap<object, unknown>;

  private constructor(values: ReadonlyMap<object, unknown>) {
    this.#values = values;
  }

  /** Returns a context with one value. */
  static of<T>(key: ContextKey<T>, value: T): TokenContext {
    return new TokenContext(new Map([[key, value]]));
  }

  /** Returns a copy of the context with one more value. */
  with<T>(key: ContextKey<T>, value: T): TokenContext {
    return new TokenContext(new Map([...this.#values, [key, value]]));
  }

  /** Returns the value of `key`, or undefined when the context has no value for `key`. */
  get<T>(key: ContextKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }
}
