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
    start: gone,
    isClosed: () => false,
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
    { protocol: 3, type: "response", url: good },
    { protocol: 2, type: "taken", url: good },
    { protocol: 2, type: "response" },
    { protocol: 2, type: "response", url: 7 },
    { protocol: 2, type: "response", url: "not a URL" },
    { protocol: 2, type: "response", url: `${REDIRECT}?code=c&state=other` },
    { protocol: 2, type: "response", url: `${REDIRECT}?code=c` },
    { protocol: 2, type: "response", url: good.replace("relay", "other") },
    { protocol: 2, type: "response", url: good.replace(location.origin, "https://evil.example") },
  ]) {
    channel.postMessage(foreign);
  }
  channel.postMessage({ protocol: 2, type: "response", url: good } satisfies ResponseMessage);
  expect(await response).toBe(good);
  await vi.waitFor(() => expect(received).toEqual([{ protocol: 2, type: "taken" }]));
});

test("a response in the fragment arrives, too: judged it is later", async () => {
  const { response, gone } = depart("s1");
  await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce());
  const url = `${REDIRECT}#error=x&state=s1`;
  (await stranger("s1")).postMessage({
    protocol: 2,
    type: "response",
    url,
  } satisfies ResponseMessage);
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
  await expect(depart("o", { isClosed: () => true }).response).rejects.toMatchObject({
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
  const start = () => {
    throw new Error("no window");
  };
  await expect(depart("g", { start }).response).rejects.toThrow("no window");
});

test("B10: the page with the response believes nobody who speaks another version", () => {
  expect(parseResponseMessage({ protocol: 2, type: "taken", more: 1 })).toEqual({
    protocol: 2,
    type: "taken",
  });
  for (const foreign of [
    null,
    "taken",
    { type: "taken" },
    { protocol: 3, type: "taken" },
    { protocol: 2, type: "moved" },
  ])
    expect(parseResponseMessage(foreign)).toBeUndefined();
});
