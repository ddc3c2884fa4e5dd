/** On it the response to the request with this `state` is told to the page that waits for it. */
export async function responseChannel(state: string): Promise<BroadcastChannel> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(state));
  const name = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return new BroadcastChannel(`latchkey/1/request/${name.join("")}`);
}

/** The page with the response says it, and whoever took it says so. Both are structured clones: any script of this origin may send them. */
export interface ResponseMessage {
  readonly p: 1;
  readonly t: "response" | "taken";
  readonly url?: string;
}
