import { beforeEach, describe, expect, test } from "vitest";
import {
  createMetadataSource,
  NAVIGATION_AGE_MS,
  type MetadataSource,
} from "../../src/oidc/metadata-source.ts";
import { testDocuments, type TestDocuments } from "./documents.ts";
import { errorFrom, fakeFetch, ISSUER, json, testClock } from "./support.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEY = `metadata/${ISSUER}`;
const OLD = "https://old.example.com/token";
const NEW = "https://new.example.com/token";
const document = (token_endpoint = OLD) => ({
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint,
  userinfo_endpoint: `${ISSUER}/userinfo`,
});

let clock = testClock();
let documents: TestDocuments;
let respond: () => Response;
let fetch: ReturnType<typeof fakeFetch>;

beforeEach(() => {
  clock = testClock();
  documents = testDocuments();
  respond = () => json(document());
  fetch = fakeFetch(() => respond());
});

/** Another tab of the same browser, or another page load. */
const openTab = (cache: TestDocuments | undefined = documents): MetadataSource =>
  createMetadataSource({
    issuer: ISSUER,
    clock,
    documents: cache,
    http: { fetch, timeoutMs: 1_000 },
  });
const tokenEndpoint = async (source: MetadataSource, maxAgeMs?: number) =>
  (await source.load(maxAgeMs)).tokenEndpoint;
const down = () => {
  respond = () => {
    throw new TypeError("Failed to fetch");
  };
};

describe("the newest document that this browser has read", () => {
  test("is fetched once an hour for all tabs and page loads", async () => {
    const tab = openTab();
    expect(await Promise.all([tokenEndpoint(tab), tokenEndpoint(tab)])).toEqual([OLD, OLD]);
    clock.add(HOUR - 1);
    expect(await tokenEndpoint(tab)).toBe(OLD);
    expect(await tokenEndpoint(openTab())).toBe(OLD);
    expect(fetch.sent).toHaveLength(1);
  });

  test("is fetched in the background by one tab when it is more than an hour old", async () => {
    await openTab().load();
    clock.add(DAY - 1);
    respond = () => json(document(NEW));
    const tabs = [openTab(), openTab(), openTab()];
    expect(await Promise.all(tabs.map((tab) => tokenEndpoint(tab)))).toEqual([OLD, OLD, OLD]);
    await expect.poll(() => fetch.sent.length).toBe(2);
    expect(await Promise.all(tabs.map((tab) => tokenEndpoint(tab)))).toEqual([NEW, NEW, NEW]);
    expect(fetch.sent).toHaveLength(2);
  });

  test("is used when the fetch in the background fails", async () => {
    await openTab().load();
    clock.add(HOUR);
    down();
    const tab = openTab();
    expect(await tokenEndpoint(tab)).toBe(OLD);
    expect(await tokenEndpoint(tab)).toBe(OLD);
    expect(fetch.sent).toHaveLength(2);
  });

  test("A7: is the one that another tab has fetched since", async () => {
    const tab = openTab();
    await tab.load();
    clock.add(2 * HOUR);
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(openTab(), HOUR)).toBe(NEW);
    expect(tab.current()?.tokenEndpoint).toBe(OLD);
    await tab.sync();
    expect(tab.current()?.tokenEndpoint).toBe(NEW);
    expect(fetch.sent).toHaveLength(2);
  });

  test("A7: is fetched again after a day, without a reload", async () => {
    for (const cache of [documents, undefined]) {
      respond = () => json(document());
      const tab = openTab(cache);
      await tab.load();
      respond = () => json(document(NEW));
      clock.add(DAY);
      expect(tab.current()).toBeUndefined();
      expect(await tokenEndpoint(tab)).toBe(NEW);
    }
  });

  test("is fetched again when a caller needs a newer one", async () => {
    const tab = openTab();
    await tab.load();
    clock.add(HOUR);
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(tab, 2 * HOUR)).toBe(OLD);
    expect(await tokenEndpoint(tab, HOUR)).toBe(NEW);
  });

  test("A7: is fetched for the second login, also if the first login's page left before it had the response", async () => {
    await openTab().load();
    clock.add(2 * HOUR);
    // The first login uses the old document, and its navigation aborts the fetch in the background.
    let pending = true;
    fetch = fakeFetch(() => (pending ? new Promise(() => {}) : json(document(NEW))));
    expect(await tokenEndpoint(openTab())).toBe(OLD);
    await expect.poll(() => fetch.sent.length).toBe(1);
    // The old login page is gone (404). Ten seconds later the user goes back and clicks again.
    clock.add(10_000);
    pending = false;
    expect(await tokenEndpoint(openTab(), NAVIGATION_AGE_MS)).toBe(NEW);
  });

  test("is fetched once for all calls of a tab, also when one of them needs a newer one", async () => {
    const tab = openTab();
    await tab.load();
    clock.add(2 * HOUR);
    respond = () => json(document(NEW));
    const calls = [tab.load(), tab.load(HOUR), tab.load(HOUR)];
    expect((await Promise.all(calls)).map(({ tokenEndpoint: url }) => url)).toEqual([
      OLD,
      NEW,
      NEW,
    ]);
    expect(fetch.sent).toHaveLength(2);
  });
});

describe("an older document is used while a newer one cannot be fetched", () => {
  test.each<[string, () => Response]>([
    [
      "the network is down",
      () => {
        throw new TypeError("Failed to fetch");
      },
    ],
    ["the server responds 503", () => json({}, 503)],
    ["the document is of another issuer", () => json({ ...document(NEW), issuer: "https://evil" })],
    ["the document is HTML", () => new Response("<p>Sign in to Wi-Fi")],
    ["an endpoint is http", () => json(document("http://new.example.com/token"))],
  ])("A7: when %s", async (_, bad) => {
    await openTab().load();
    clock.add(3 * DAY);
    respond = bad;
    const tab = openTab();
    expect(await tokenEndpoint(tab)).toBe(OLD);
    expect(tab.current()?.tokenEndpoint).toBe(OLD);
    expect(documents.entries.get(KEY)?.document).toEqual(document());
    respond = () => json(document(NEW));
    clock.add(30_000);
    expect(tab.current()).toBeUndefined();
    expect(await tokenEndpoint(tab)).toBe(NEW);
  });

  test("rejects when there is no older document", async () => {
    down();
    expect(await errorFrom(openTab().load())).toMatchObject({ code: "network", retryable: true });
    respond = () => json({ issuer: "https://evil.example" });
    expect(await errorFrom(openTab().load())).toMatchObject({ code: "discovery" });
    expect(documents.entries.size).toBe(0);
  });
});

describe("a cached document is validated like one from the network", () => {
  test.each([
    ["of another issuer", { ...document(), issuer: "https://evil.example" }],
    ["with an endpoint that is http", document("http://id.example.com/token")],
    ["without a token endpoint", { ...document(), token_endpoint: undefined }],
    ["that is a string", "https://evil.example"],
    ["that is null", null],
  ])("one %s counts as none", async (_, damaged) => {
    documents.entries.set(KEY, { document: damaged, readAt: clock.now() });
    const tab = openTab();
    await tab.sync();
    expect(tab.current()).toBeUndefined();
    expect(await tokenEndpoint(tab)).toBe(OLD);
    expect(documents.entries.get(KEY)?.document).toEqual(document());
  });

  test("one from the future counts as old and is replaced by a newer one", async () => {
    documents.entries.set(KEY, { document: document(), readAt: clock.now() + DAY });
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(openTab())).toBe(NEW);
    expect(documents.entries.get(KEY)).toEqual({ document: document(NEW), readAt: clock.now() });
  });

  test("A7: one of an open tab is fetched again after the clock was set back", async () => {
    const tab = openTab();
    await tab.load();
    // The clock was a month fast, and is corrected.
    clock.add(-30 * DAY);
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(tab, NAVIGATION_AGE_MS)).toBe(NEW);
    clock.add(DAY);
    respond = () => json(document(OLD));
    expect(await tokenEndpoint(openTab())).toBe(OLD);
    // The tab takes over what the other tab has read.
    await tab.sync();
    expect(tab.current()?.tokenEndpoint).toBe(OLD);
  });

  test("a store that fails causes a request and no error", async () => {
    documents.failure = new Error("no disk");
    const tab = openTab();
    expect(await tokenEndpoint(tab)).toBe(OLD);
    tab.reportFailure(OLD);
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(tab)).toBe(NEW);
    expect(fetch.sent).toHaveLength(2);
  });
});

describe("after an endpoint failed", () => {
  test("A7: the document is fetched again before its next use, in every tab", async () => {
    const [tab, other] = [openTab(), openTab()];
    await Promise.all([tab.load(), other.load()]);
    fetch.sent.length = 0;
    clock.add(1);
    tab.reportFailure(OLD);
    expect(tab.current()).toBeUndefined();
    respond = () => json(document(NEW));
    expect(await tokenEndpoint(other)).toBe(NEW);
    await tab.sync();
    expect(tab.current()?.tokenEndpoint).toBe(NEW);
    expect(tab.failedUrl()).toBeUndefined();
    expect(fetch.sent).toHaveLength(1);
  });

  test("one of five tabs fetches the document, and the others use the old one meanwhile", async () => {
    await openTab().load();
    const tabs = Array.from({ length: 5 }, () => openTab());
    await Promise.all(tabs.map((tab) => tab.sync()));
    fetch.sent.length = 0;
    for (const tab of tabs) tab.reportFailure(OLD);
    await Promise.all(tabs.map((tab) => tab.load()));
    expect(fetch.sent).toHaveLength(1);
  });

  test("a URL that the document does not name changes nothing", async () => {
    const tab = openTab();
    await tab.load();
    tab.reportFailure("https://elsewhere.example/token");
    expect(tab.current()?.tokenEndpoint).toBe(OLD);
  });

  test.each([
    ["responds as before", () => json(document())],
    ["responds 503", () => json({}, 503)],
  ])("A7: the server gets at most 32 more requests in an hour while it %s", async (_, same) => {
    const tabs = Array.from({ length: 5 }, () => openTab());
    await tabs[0]!.load();
    await Promise.all(tabs.map((tab) => tab.sync()));
    respond = same;
    fetch.sent.length = 0;
    for (let second = 0; second < 3_600; second++) {
      clock.add(1_000);
      for (const tab of tabs) {
        await tab.load();
        tab.reportFailure(OLD);
      }
    }
    expect(fetch.sent.length).toBeGreaterThan(25);
    expect(fetch.sent.length).toBeLessThanOrEqual(32);
  });

  test("the first recheck of the next outage is not delayed", async () => {
    const tab = openTab();
    await tab.load();
    for (let outage = 0; outage < 3; outage++) {
      clock.add(HOUR);
      fetch.sent.length = 0;
      tab.reportFailure(OLD);
      await tab.load();
      expect(fetch.sent).toHaveLength(1);
    }
  });
});
