import { afterEach, expect, test, vi } from "vitest";
import { awaitResponse, type Departure } from "../../../src/browser/user-agents/await-response.ts";
import {
  parseResponseMessage,
  responseChannel,
  type ResponseMessage,
} from "../../../src/browser/user-agents/response-channel.ts";

const REDIRECT = `${location.origin}/relay.html`;
const request = (state: string) => `https://id.example/auth?state=${encodeURIComponent(state)}`;

function depart(state: string, changes: Partial<Departure> = {}) {
  const leaving = new AbortController();
  const gone = vi.fn();
  const response = awaitResponse(request(state), {
    redirectUri: REDIRECT,
    timeoutMs: 5_000,
    left: leaving.signal,
    go: gone,
    isOver: () => false,
    ...changes,
  });
  response.catch(() => {});
  return { response, leaving, gone };
}

let open: BroadcastChannel | undefined;
afterEach(() => open?.close());

/** Another page of this origin. */
async function stranger(state: string): Promise<BroadcastChannel> {
  open = await responseChannel(state);
  return open;
}

test("only the answer with our state at our redirect URI counts, and its sender is told that it was taken", async () => {
  const { response, gone } = depart("a;b");
  await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce());
  const channel = await stranger("a;b");
  const received: unknown[] = [];
  channel.onmessage = ({ data }) => received.push(data);
  const good = `${REDIRECT}?code=c&state=${encodeURIComponent("a;b")}`;
  for (const foreign of [
    null,
    "x",
    good,
    { p: 2, t: "response", url: good },
    { p: 1, t: "taken", url: good },
    { p: 1, t: "response" },
    { p: 1, t: "response", url: 7 },
    { p: 1, t: "response", url: "not a URL" },
    { p: 1, t: "response", url: `${REDIRECT}?code=c&state=other` },
    { p: 1, t: "response", url: `${REDIRECT}?code=c` },
    { p: 1, t: "response", url: good.replace("relay", "other") },
    { p: 1, t: "response", url: good.replace(location.origin, "https://evil.example") },
  ]) {
    channel.postMessage(foreign);
  }
  channel.postMessage({ p: 1, t: "response", url: good } satisfies ResponseMessage);
  expect(await response).toBe(good);
  await vi.waitFor(() => expect(received).toEqual([{ p: 1, t: "taken" }]));
});

test("a response in the fragment arrives, too: judged it is later", async () => {
  const { response, gone } = depart("s1");
  await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce());
  const url = `${REDIRECT}#error=x&state=s1`;
  (await stranger("s1")).postMessage({ p: 1, t: "response", url } satisfies ResponseMessage);
  expect(await response).toBe(url);
});

test("the channel's name says nothing of the state", async () => {
  expect((await stranger("secret-state")).name).toMatch(/^latchkey\/1\/request\/[0-9a-f]{64}$/);
});

test("it ends when time is over, when the window is gone and when the page leaves", async () => {
  await expect(depart("t", { timeoutMs: 300 }).response).rejects.toMatchObject({
    code: "timeout",
    pending: false,
  });
  await expect(depart("o", { isOver: () => true }).response).rejects.toMatchObject({
    code: "cancelled",
  });
  const { response, leaving } = depart("l");
  leaving.abort();
  await expect(response).rejects.toMatchObject({ code: "cancelled" });
});

test("it goes nowhere when the page has left before", async () => {
  const left = AbortSignal.abort();
  const { response, gone } = depart("l2", { left });
  await expect(response).rejects.toMatchObject({ code: "cancelled" });
  expect(gone).not.toHaveBeenCalled();
});

test("what cannot be begun is the error it is", async () => {
  const go = () => {
    throw new Error("no window");
  };
  await expect(depart("g", { go }).response).rejects.toThrow("no window");
});

test("B10: the page with the response believes nobody who speaks another version", () => {
  expect(parseResponseMessage({ p: 1, t: "taken", more: 1 })).toEqual({ p: 1, t: "taken" });
  for (const foreign of [null, "taken", { t: "taken" }, { p: 2, t: "taken" }, { p: 1, t: "moved" }])
    expect(parseResponseMessage(foreign)).toBeUndefined();
});
