import { expect, test } from "vitest";
import { parseRow } from "../../src/core/parse-row.ts";
import {
  createLab,
  fakeProvider,
  signedInState,
  type SignedInStateConfig,
} from "../../src/testing.ts";

const ORIGIN = "http://localhost:5173";

test("the state has the row that createAuth() reads, and survives JSON", async () => {
  const provider = fakeProvider({ users: ["ada", { sub: "bob", name: "Bob" }] });
  const state = await signedInState({ provider, origin: ORIGIN, user: "bob" });
  expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  const [session, byDefault] = state.origins[0]!.indexedDB[0]!.stores[0]!.records;
  expect(parseRow(session!.value)).toMatchObject({
    remembered: { name: "Bob" },
    renewable: true,
    tokens: { user: { sub: "bob" }, idTokenVerified: true },
  });
  expect(byDefault!.value).toBe("bob");
});

test("without offline_access, the session is not renewable", async () => {
  const provider = fakeProvider();
  const state = await signedInState({ provider, origin: ORIGIN, scope: ["profile"] });
  const [session] = state.origins[0]!.indexedDB[0]!.stores[0]!.records;
  expect(session!.value).toMatchObject({ renewable: false });
});

test.for<[string, unknown]>([
  ["signedInState()", undefined],
  ["provider", { origin: ORIGIN }],
  ["origin", { provider: fakeProvider(), origin: `${ORIGIN}/` }],
  ["origin", { provider: fakeProvider() }],
  ["user", { provider: fakeProvider(), origin: ORIGIN, user: "eve" }],
  ["clientId", { provider: fakeProvider(), origin: ORIGIN, clientId: "other" }],
  ["sub", { provider: fakeProvider(), origin: ORIGIN, sub: "ada" }],
  ["scope", { provider: fakeProvider(), origin: ORIGIN, scope: "openid profile" }],
  ["resources", { provider: fakeProvider(), origin: ORIGIN, resources: "https://a.example" }],
])("bad input: %s is a ConfigurationError that names it", async ([input, config]) => {
  await expect(signedInState(config as SignedInStateConfig)).rejects.toMatchObject({
    code: "configuration",
    input,
  });
});

test("without IndexedDB, expireAccessToken() asks for a page", async () => {
  await expect(createLab(fakeProvider()).expireAccessToken("ada")).rejects.toMatchObject({
    code: "configuration",
    input: "page",
  });
});

test("a lab cuts the network, and delays and loses responses at the provider", async () => {
  const provider = fakeProvider();
  const lab = createLab(provider);
  const keys = () => provider.fetch(`${provider.issuer}/jwks`);
  lab.cutNetwork();
  await expect(keys()).rejects.toThrow(TypeError);
  lab.restoreNetwork();
  lab.loseNext("keys");
  await expect(keys()).rejects.toThrow(TypeError);
  lab.delayNext(1, "keys");
  expect((await keys()).status).toBe(200);
  expect(() => lab.delayNext(-1)).toThrow(expect.objectContaining({ input: "ms" }));
  expect(() => createLab(provider, undefined, "other")).toThrow(
    expect.objectContaining({ input: "clientId" }),
  );
});
