import { set } from "idb-keyval";
import { afterEach, expect, test, vi } from "vitest";
import { createDatabase } from "../../../src/browser/storage/database.ts";
import { createAuth } from "../../../src/compose/create-auth.ts";
import { createLab, fakeProvider, signedInState } from "../../../src/testing.ts";

/** A lab in the page in which the test runs, as in Storybook. */

afterEach(() => {
  vi.unstubAllGlobals();
});

test("expires the access token in the own page, whose Auth then refreshes", async () => {
  const clientId = `lab-${crypto.randomUUID()}`;
  const provider = fakeProvider({ clients: [{ clientId }] });
  vi.stubGlobal("fetch", provider.fetch);
  const { origins } = await signedInState({ provider, origin: location.origin });
  const database = createDatabase();
  for (const { key, value } of origins[0]!.indexedDB[0]!.stores[0]!.records)
    await set(key, value, database);
  const auth = createAuth({ issuer: provider.issuer, clientId, redirectUri: "/callback" });
  const before = await auth.getToken();
  const lab = createLab(provider);
  await lab.expireAccessToken("ada");
  await vi.waitFor(() => expect(auth.state).toMatchObject({ freshness: "stale" }));
  const after = await auth.getToken();
  expect([after === before, provider.userOf(after)]).toEqual([false, "ada"]);
  auth.dispose();
});
