import type { Bench } from "./app.ts";

/** What a row has seen at a server. A row that throws has found a fault. */
export type Seen =
  | { readonly holds: true; readonly note?: string }
  /** The server lacks what the row needs. Latchkey did what its documents say. */
  | { readonly holds: false; readonly why: string };

/** A row of the end-to-end list. */
export interface Row {
  readonly id: string;
  /** The name of the row in the guide. */
  readonly title: string;
  run(bench: Bench): Promise<Seen>;
}

export const holds = (note?: string): Seen => ({ holds: true, ...(note && { note }) });
export const lacks = (why: string): Seen => ({ holds: false, why });

/** @throws Error `what`, if the condition is false */
export function must(condition: unknown, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

/** Reads the metadata of the server. */
export async function metadataOf({ server }: Bench): Promise<Readonly<Record<string, unknown>>> {
  const issuer = server.config.issuer!.replace(/\/$/, "");
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  return (await response.json()) as Readonly<Record<string, unknown>>;
}

/** Waits until `look` returns something that is not undefined. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  timeoutMs = 20_000,
): Promise<T> {
  for (const end = Date.now() + timeoutMs; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`);
}
