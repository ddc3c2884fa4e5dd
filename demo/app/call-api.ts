import type { Auth } from "../../src/index.ts";
import { patience } from "./token-lifetime.ts";
import { showResponse } from "./view.ts";

/** Calls the protected API and shows its response. Returns the status code of the response. */
export async function callApi(auth: Auth): Promise<number> {
  const response = await auth.fetch("/api/me", { signal: patience() });
  const body = (await response.json()) as Record<string, unknown>;
  showResponse({
    Status: String(response.status),
    ...(response.ok && {
      User: String(body["name"]),
      "Server time": new Date(String(body["serverTime"])).toLocaleTimeString("en-GB"),
      "Token valid for": `${String(body["tokenGoodForSeconds"])} s`,
    }),
  });
  return response.status;
}
