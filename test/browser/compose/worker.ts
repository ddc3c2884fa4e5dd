import { createClient } from "../../../src/confidential.ts";
import {
  createDatabase,
  createFetch,
  IndexedDBTokenStorage,
  isAuthError,
  createTokenManager,
} from "../../../src/index.ts";
import { fakeProvider } from "../../../src/testing.ts";

/* A module worker: Latchkey works without a document and a window. */

async function main(): Promise<unknown> {
  const provider = fakeProvider({ clients: [{ clientId: "worker", clientSecret: "secret" }] });
  const client = createClient({
    issuer: provider.issuer,
    clientId: "worker",
    authentication: { method: "client_secret_basic", clientSecret: "secret" },
    fetch: provider.fetch,
  });
  const manager = createTokenManager({
    provider: { requestToken: () => Promise.reject(new Error("not needed")) },
    storage: new IndexedDBTokenStorage(createDatabase(), { prefix: "worker" }),
    service: "worker",
  });
  const failure: unknown = await manager.getToken().catch((error: unknown) => error);
  const send = createFetch({
    getToken: client.getToken,
    allow: ["https://api.example.com"],
    fetch: async ({ headers }) => new Response(headers.get("authorization")),
  });
  const tokens = await Promise.all(Array.from({ length: 100 }, () => client.getToken()));
  return {
    tokens: new Set(tokens).size,
    requests: provider.requests.map(({ endpoint }) => endpoint),
    isSent: (await (await send("https://api.example.com/me")).text()) === `Bearer ${tokens[0]}`,
    failure: isAuthError(failure) ? failure.code : String(failure),
    window: typeof window,
  };
}

main().then(
  (result) => postMessage(result),
  (error: unknown) => postMessage(String(error)),
);
