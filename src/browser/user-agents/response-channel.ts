/** Opens the channel for the authorization response with this `state`. The channel's name contains a hash of `state`. */
export async function responseChannel(state: string): Promise<BroadcastChannel> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  const name = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return new BroadcastChannel(`latchkey/2/request/${name.join("")}`);
}

/**
 * A message on the channel of `responseChannel()`. Any script of this origin can send such a message.
 * - `response`: the page at the redirect URI sends the authorization response, in the form of the page's URL.
 * - `taken`: the page that started the login confirms that the response has arrived.
 */
export type ResponseMessage =
  | { readonly protocol: 2; readonly type: "response"; readonly url: string }
  | { readonly protocol: 2; readonly type: "taken" };

/** Parses a message. Returns `undefined` when `data` is not a message of this protocol version. */
export function parseResponseMessage(data: unknown): ResponseMessage | undefined {
  const { protocol, type, url } = (data ?? {}) as Partial<
    Record<"protocol" | "type" | "url", unknown>
  >;
  if (protocol !== 2) return undefined;
  if (type === "response" && typeof url === "string") return { protocol, type, url };
  return type === "taken" ? { protocol, type } : undefined;
}
