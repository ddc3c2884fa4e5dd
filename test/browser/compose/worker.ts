import { createClient } from "../../../src/confidential.ts";
import {
  createDatabase,
  createFetch,
  IndexedDBTokenStorage,
  isAuthError,
  createTokenManager,
} from "../../../src/index.ts";

/* A module worker: Latchkey works without a document and a window. */

async function main(): Promise<unknown> {
  let requests = 0;
  const client = createClient({
    issuer: "https://id.example.com",
    clientId: "worker",
    authentication: { method: "client_secret_basic", clientSecret: "secret" },
    endpoints: {
      authorizationEndpoint: "https://id.example.com/auth",
      tokenEndpoint: "https://id.example.com/token",
    },
    fetch: async () => {
      requests++;
      return Response.json({ access_token: "at-client", token_type: "bearer", expires_in: 60 });
    },
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
    tokens: [...new Set(tokens)],
    requests,
    sent: await (await send("https://api.example.com/me")).text(),
    failure: isAuthError(failure) ? failure.code : String(failure),
    window: typeof window,
  };
}

main().then(
  (result) => postMessage(result),
  (error: unknown) => postMessage(String(error)),
);
