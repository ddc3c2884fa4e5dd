declare const VALUE: unique symbol;

/** Names a value of type `T` in a `TokenContext`. Two keys of one name are two keys. */
export interface ContextKey<T> {
  readonly name: string;
  readonly [VALUE]?: T;
}

export function contextKey<T>(name: string): ContextKey<T> {
  return { name };
}

/** What a caller tells the grants of a chain about one call, typed by its keys. Never changes; `with()` gives another one. */
export class TokenContext {
  readonly #values: ReadonlyMap<ContextKey<unknown>, unknown>;

  private constructor(values: ReadonlyMap<ContextKey<unknown>, unknown>) {
    this.#values = values;
  }

  static of<T>(key: ContextKey<T>, value: T): TokenContext {
    return new TokenContext(new Map([[key, value]]));
  }

  with<T>(key: ContextKey<T>, value: T): TokenContext {
    return new TokenContext(new Map([...this.#values, [key, value]]));
  }

  get<T>(key: ContextKey<T>): T | undefined {
    return this.#values.get(key) as T | undefined;
  }
}
