import { createDatabase, IndexedDBTokenStorage, createTokenManager } from "../../../src/index.ts";
import { tokenSet } from "../../../src/parts.ts";

/* Another worker of this origin: it has its own memory, and shares the locks and the database. */

const { getToken } = createTokenManager({
  service: "workers",
  storage: new IndexedDBTokenStorage(createDatabase(), { prefix: "workers" }),
  provider: {
    requestToken: async () => {
      postMessage({ asked: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
      return tokenSet({
        accessToken: crypto.randomUUID(),
        tokenType: "Bearer",
        expiresAt: Date.now() + 3_600_000,
        scope: [],
      });
    },
  },
});

addEventListener("message", ({ data }: MessageEvent<{ calls: number }>) => {
  Promise.all(Array.from({ length: data.calls }, () => getToken())).then(
    (tokens) => postMessage({ tokens: [...new Set(tokens)] }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});
