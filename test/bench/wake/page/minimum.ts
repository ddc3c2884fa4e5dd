import { createStore, get, set } from "idb-keyval";
import { clientKey, sessionKey } from "../../../../src/core/keys.ts";
import type { SessionRow, TokenRecord } from "../../../../src/core/session.ts";
import { DEFAULT_TARGET as TARGET } from "../../../../src/core/token-target.ts";
import { CLIENT_ID, issuer } from "../../page/client.ts";

const entries = createStore("latchkey", "entries/2");
const key = sessionKey(clientKey(issuer(), CLIENT_ID), "ada");

/**
 * The least code that gives every tab a token with one request: one lock around re-read and refresh. It loses the token when a
 * tab crashes, hangs or loses a response.
 */
export function minimumToken(): Promise<string> {
  return navigator.locks.request("minimum", async () => {
    const row = (await get<SessionRow>(key, entries))!;
    const record = row.tokens as TokenRecord;
    if (row.access[TARGET]!.expiresAt > Date.now()) return record.access[TARGET]!.token;

    const response = await fetch(`${issuer()}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: record.refreshToken!,
        client_id: CLIENT_ID,
      }),
    });
    if (!response.ok) throw new Error(`the token endpoint returned ${response.status}`);
    const reply = (await response.json()) as TokenResponse;
    const { access_token: token, token_type: tokenType } = reply;
    const generation = row.generation + 1;
    const sequence = row.sequence + 1;
    const expiresAt = Date.now() + reply.expires_in * 1_000;
    const tokens: TokenRecord = {
      ...record,
      refreshToken: reply.refresh_token,
      access: { [TARGET]: { token, tokenType } },
    };
    const access = { [TARGET]: { ...row.access[TARGET]!, generation, expiresAt } };
    await set(
      key,
      { ...row, generation, sequence, committedSequence: sequence, access, tokens },
      entries,
    );
    return token;
  });
}

interface TokenResponse {
  readonly access_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly refresh_token: string;
}
