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
  const started = vi.fn();
  const response = awaitResponse(request(state), {
    redirectUri: REDIRECT,
    timeoutMs: 5_000,
    left: leaving.signal,
    start: started,
    isClosed: () => false,
    ...changes,
  });
  response.catch(() => {});
  return { response, leaving, started };
}

let open: BroadcastChannel | undefined;
afterEach(() => open?.close());

/** The channel, opened by another page of this origin. */
async function otherPage(state: string): Promise<BroadcastChannel> {
  open = await responseChannel(state);
  return open;
}

test("accepts only a response with our state at our redirect URI, and confirms it with `taken`", async () => {
  const { response, started } = depart("a;b");
  await vi.waitFor(() => expect(started).toHaveBeenCalledOnce());
  const channel = await otherPage("a;b");
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

test("accepts a response in the fragment, which is validated later", async () => {
  const { response, started } = depart("s1");
  await vi.waitFor(() => expect(started).toHaveBeenCalledOnce());
  const url = `${REDIRECT}#error=x&state=s1`;
  (await otherPage("s1")).postMessage({
    protocol: 2,
    type: "response",
    url,
  } satisfies ResponseMessage);
  expect(await response).toBe(url);
});

test("the channel's name does not contain the state", async () => {
  expect((await otherPage("secret-state")).name).toMatch(/^latchkey\/2\/request\/[0-9a-f]{64}$/);
});

test("rejects after the timeout, when the window is closed, and when the page cancels", async () => {
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

test("does not navigate when the page has cancelled before", async () => {
  const left = AbortSignal.abort();
  const { response, started } = depart("l2", { left });
  await expect(response).rejects.toMatchObject({ code: "cancelled" });
  expect(started).not.toHaveBeenCalled();
});

test("rejects with the error of start()", async () => {
  const start = () => {
    throw new Error("no window");
  };
  await expect(depart("g", { start }).response).rejects.toThrow("no window");
});

test("B10: ignores messages of another protocol version", () => {
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
