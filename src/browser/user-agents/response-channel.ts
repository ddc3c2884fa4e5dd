/** On it the response to the request with this `state` is told to the page that waits for it. */
export async function responseChannel(state: string): Promise<BroadcastChannel> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  const name = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return new BroadcastChannel(`latchkey/2/request/${name.join("")}`);
}

/** The page with the response says it, and whoever took it says so. Any script of this origin may send them, too. */
export type ResponseMessage =
  | { readonly protocol: 2; readonly type: "response"; readonly url: string }
  | { readonly protocol: 2; readonly type: "taken" };

/** Undefined for everything that is no message of this version. */
export function parseResponseMessage(data: unknown): ResponseMessage | undefined {
  const { protocol, type, url } = (data ?? {}) as Partial<
    Record<"protocol" | "type" | "url", unknown>
  >;
  if (protocol !== 2) return undefined;
  if (type === "response" && typeof url === "string") return { protocol, type, url };
  return type === "taken" ? { protocol, type } : undefined;
}
