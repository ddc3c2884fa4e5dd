import { fragment } from "./response-url.ts";

/** The main parameters of authorization responses. Every response has at least one of these parameters. */
export const RESPONSE: readonly string[] = ["code", "error", "access_token", "id_token"];
/**
 * The other parameters of a response. The parameters from `authuser` on are in no standard. Google, Entra and other servers add
 * these parameters.
 */
const DETAILS =
  "error_description error_uri expires_in iss scope session_state state token_type " +
  "authuser hd prompt client_info cloud_instance_host_name cloud_instance_name " +
  "cloud_graph_host_name msgraph_host error_code error_debug error_hint error_message error_reason error_subcode";

/** Returns `url` without the parameters of the response with this `state`. Always removes a fragment that contains tokens. */
export function withoutResponse(url: string, state: string): string {
  const clean = new URL(url);
  if (clean.searchParams.get("state") === state) {
    for (const name of [...RESPONSE, ...DETAILS.split(" ")]) clean.searchParams.delete(name);
  }
  const inFragment = fragment(clean.hash);
  const hasTokens = inFragment.has("access_token") || inFragment.has("id_token");
  if (hasTokens || inFragment.get("state") === state) clean.hash = "";
  return clean.href;
}
