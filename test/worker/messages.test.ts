import { expect, test } from "vitest";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import { NetworkError, StorageError, TimeoutError } from "../../src/core/errors.ts";
import { targetKey } from "../../src/core/token-target.ts";
import { errorFacts, errorOf } from "../../src/worker/error-facts.ts";
import {
  parsePageMessage,
  parseWorkerMessage,
  workerConfigKey,
  type WorkerConfig,
} from "../../src/worker/messages.ts";

const CONFIG: WorkerConfig = { issuer: "https://id.example", clientId: "web" };
const NEED = { user: "ada", target: targetKey({}), notGeneration: -1 };
const load = async () => RequestTokenError;

test("a page's messages are parsed member by member", () => {
  const messages = [
    { protocol: 1, type: "hello", config: CONFIG },
    {
      protocol: 1,
      type: "hello",
      config: {
        ...CONFIG,
        endpoints: { tokenEndpoint: "https://id.example/token", promptValuesSupported: ["none"] },
        timing: { tickMs: 200 },
        reuseLeewayMs: 0,
        authTimeOnRefresh: "ignore",
      },
    },
    { protocol: 1, type: "refresh", id: 1, need: NEED },
    { protocol: 1, type: "abort", id: 1 },
    { protocol: 1, type: "bye" },
  ];
  for (const message of messages) expect(parsePageMessage(message)).toBe(message);
});

test.for([
  undefined,
  null,
  "hello",
  {},
  { protocol: 1, type: "greeting" },
  { protocol: 1, type: "hello" },
  { protocol: 1, type: "hello", config: { issuer: "https://id.example" } },
  { protocol: 1, type: "hello", config: { ...CONFIG, timing: { tickMs: "200" } } },
  { protocol: 1, type: "hello", config: { ...CONFIG, endpoints: { tokenEndpoint: 1 } } },
  { protocol: 1, type: "hello", config: { ...CONFIG, authTimeOnRefresh: "never" } },
  { protocol: 1, type: "refresh", id: 1, need: { ...NEED, target: "x" } },
  { protocol: 1, type: "refresh", id: 1, need: { ...NEED, target: "[1,2,3]" } },
  { protocol: 1, type: "refresh", id: "1", need: NEED },
  { protocol: 1, type: "abort" },
  { protocol: 2, type: "refresh", id: 1, need: NEED },
])("a worker ignores the message %j", (data) => {
  expect(parsePageMessage(data)).toBeUndefined();
});

test("a worker parses the hello of another version, to respond to it", () => {
  expect(parsePageMessage({ protocol: 7, type: "hello", config: null })).toMatchObject({
    protocol: 7,
  });
});

test("a worker's messages are parsed member by member", () => {
  const messages = [
    { protocol: 1, type: "hello", worker: "w" },
    { protocol: 1, type: "accepted", id: 1 },
    {
      protocol: 1,
      type: "settled",
      id: 1,
      outcome: { type: "stored", generation: 2, isOwn: true },
    },
    { protocol: 1, type: "settled", id: 1, outcome: { type: "failed", error: { code: "other" } } },
  ];
  for (const message of messages) expect(parseWorkerMessage(message)).toBe(message);
});

test.for([
  undefined,
  42,
  { protocol: 1, type: "hello" },
  { protocol: 0, type: "hello", worker: "w" },
  { protocol: 1, type: "accepted" },
  { protocol: 1, type: "settled", id: 1 },
  {
    protocol: 1,
    type: "settled",
    id: 1,
    outcome: { type: "stored", generation: "2", isOwn: true },
  },
  {
    protocol: 1,
    type: "settled",
    id: 1,
    outcome: { type: "failed", error: { code: "request_token" } },
  },
  { protocol: 1, type: "settled", id: 1, outcome: { type: "failed", error: { code: "new" } } },
])("a page does not use a worker that sends %j", (data) => {
  expect(parseWorkerMessage(data)).toBeUndefined();
});

test("equal configurations have one key, and each other configuration has another key", () => {
  const endpoints = { tokenEndpoint: "https://id.example/a", jwksUri: "https://id.example/j" };
  const one = { ...CONFIG, endpoints, timing: { tickMs: 1, drainMs: 2 } };
  const same = {
    timing: { drainMs: 2, tickMs: 1 },
    endpoints: { jwksUri: endpoints.jwksUri, tokenEndpoint: endpoints.tokenEndpoint },
    clientId: "web",
    issuer: "https://id.example",
    reuseLeewayMs: undefined,
  };
  expect(workerConfigKey(one)).toBe(workerConfigKey(same));
  const others: WorkerConfig[] = [
    { ...one, clientId: "other" },
    { ...one, issuer: "https://other.example" },
    { ...one, endpoints: { ...endpoints, tokenEndpoint: "https://id.example/b" } },
    { ...one, timing: { tickMs: 1 } },
    { ...one, reuseLeewayMs: 0 },
    { ...one, authTimeOnRefresh: "ignore" },
    CONFIG,
  ];
  expect(new Set([one, ...others].map((config) => workerConfigKey(config))).size).toBe(
    others.length + 1,
  );
});

test("an error of the server keeps its class and its members on the way to the page", async () => {
  const error = new RequestTokenError("the token is of the type mac", {
    hint: "Ask the server for Bearer tokens.",
    error: "x",
    status: 200,
    retryAfterMs: 5,
  });
  const late = new TimeoutError("no new access token arrived", { pending: true, cause: error });
  const copy = (value: unknown) => errorOf(structuredClone(errorFacts(value)), load);
  const members = {
    message: error.message,
    hint: error.hint,
    error: "x",
    status: 200,
    retryAfterMs: 5,
  };
  expect(await copy(error)).toBeInstanceOf(RequestTokenError);
  expect(await copy(error)).toMatchObject(members);
  expect(await copy(late)).toBeInstanceOf(TimeoutError);
  expect(await copy(late)).toMatchObject({ message: late.message, pending: true, cause: members });
  expect(await copy(new NetworkError("no response"))).toBeUndefined();
  expect(await copy(new Error("secret"))).toBeUndefined();
});

const causes: [string, Error][] = [
  ["StorageError", new StorageError("the database is full")],
  [
    "RequestTokenError 503",
    new RequestTokenError("status 503", { hint: "h", status: 503, retryable: true }),
  ],
  ["NetworkError withheld", new NetworkError("CORS", undefined, "h", true, true)],
  ["NetworkError not retryable", new NetworkError("CORS", undefined, "h", false, true)],
];
test.for(causes)("a TimeoutError of the worker keeps its cause: %s", async ([, cause]) => {
  const error = new TimeoutError("no new access token arrived", { pending: true, cause });
  const seen = (await errorOf(structuredClone(errorFacts(error)), load)) as TimeoutError;
  const members = (e: unknown) => ({ ...(e as object), message: (e as Error)?.message });
  expect(members(seen)).toEqual(members(error));
  expect(members(seen.cause)).toEqual(members(cause));
});

test("a member that is null counts as missing", () => {
  const none = { timing: null, tokenParameters: null, endpoints: null };
  expect(workerConfigKey({ ...CONFIG, ...none } as unknown as WorkerConfig)).toBeTypeOf("string");
});
