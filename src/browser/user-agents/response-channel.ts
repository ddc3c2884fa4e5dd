/** On it the response to the request with this `state` is told to the page that waits for it. */
export async function responseChannel(state: string): Promise<BroadcastChannel> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  const name = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return new BroadcastChannel(`latchkey/1/request/${name.join("")}`);
}

/** The page with the response says it, and whoever took it says so. Any script of this origin may send them, too. */
export type ResponseMessage =
  | { readonly p: 1; readonly t: "response"; readonly url: string }
  | { readonly p: 1; readonly t: "taken" };

/** Undefined for everything that is no message of this version. */
export function parseResponseMessage(data: unknown): ResponseMessage | undefined {
  const { p, t, url } = (data ?? {}) as Partial<Record<"p" | "t" | "url", unknown>>;
  if (p !== 1) return undefined;
  if (t === "response" && typeof url === "string") return { p, t, url };
  return t === "taken" ? { p, t } : undefined;
}
