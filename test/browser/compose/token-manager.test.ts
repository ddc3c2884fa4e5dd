import { expect, onTestFinished, test } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { IndexedDBTokenStorage } from "../../../src/browser/storage/indexeddb-token-storage.ts";

type WorkerMessage = { asked?: true; tokens?: string[]; error?: string };

test("sends one request for a hundred calls in each of three workers, over Web Locks and IndexedDB", async () => {
  await new IndexedDBTokenStorage(createDatabase(), { prefix: "workers" }).clear();
  let asked = 0;
  const round = (calls: number) =>
    Promise.all(
      workers.map(
        (worker) =>
          new Promise<string[]>((resolve, reject) => {
            worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
              if (data.asked) asked++;
              else if (data.tokens) resolve(data.tokens);
              else reject(new Error(data.error));
            };
            worker.postMessage({ calls });
          }),
      ),
    );
  const workers = Array.from(
    { length: 3 },
    () => new Worker(new URL("./token-worker.ts", import.meta.url), { type: "module" }),
  );
  onTestFinished(() => workers.forEach((worker) => worker.terminate()));
  const tokens = await round(100);
  expect(new Set(tokens.flat()).size).toBe(1);
  expect(asked).toBe(1);
  expect(await round(1)).toEqual(tokens);
  expect(asked).toBe(1);
});
