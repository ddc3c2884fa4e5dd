import { expect, test, vi } from "vitest";
import { DeviceCodeError } from "../../src/core/device-code-error.ts";
import { type AuthError, ConfigurationError, NetworkError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { TokenRequest } from "../../src/core/grant.ts";
import { ConfiguredGrant } from "../../src/grants/configured-grant.ts";
import { StaticGrant } from "../../src/grants/static-grant.ts";

type LoadResult = Configuration | Error;

interface Configuration {
  type: string;
  clientId: string;
}

const refused = new RequestTokenError("no", { error: "invalid_client", hint: "x" });
const at = (clientId: string, type = "static"): Configuration => ({ type, clientId });

/** A grant whose server knows only the client `state.known`. */
function setUp(response: LoadResult | LoadResult[], refusal: AuthError = refused) {
  const responses = [response].flat();
  const loaded: string[] = [];
  const made: string[] = [];
  const asked: TokenRequest[] = [];
  const state = { known: "one" };
  const loadConfig = async ({ cache }: { cache: "default" | "reload" }) => {
    loaded.push(cache);
    const response = responses.length > 1 ? responses.shift()! : responses[0]!;
    if (response instanceof Error) throw response;
    return response;
  };
  const grant = new ConfiguredGrant<Configuration>({
    loadConfig,
    registry: {
      static: ({ clientId }) => {
        made.push(clientId);
        return {
          requestToken: async (request) => {
            asked.push(request);
            if (clientId !== state.known) throw refusal;
            return await new StaticGrant({ accessToken: clientId }).requestToken(request);
          },
        };
      },
    },
  });
  return { grant, state, loaded, made, asked };
}

test("builds the configured grant once while the configuration stays the same", async () => {
  const { grant, made, loaded } = setUp(at("one"));
  expect((await grant.requestToken({})).accessToken).toBe("one");
  await grant.requestToken({});
  expect(made).toEqual(["one"]);
  expect(loaded).toEqual(["default", "default"]);
});

test("builds another grant when the configuration changes", async () => {
  const { grant, state, made } = setUp([at("one"), at("two")]);
  await grant.requestToken({});
  state.known = "two";
  expect((await grant.requestToken({})).accessToken).toBe("two");
  expect(made).toEqual(["one", "two"]);
});

test("after invalid_client reloads the configuration once, and repeats the request once", async () => {
  const { grant, state, loaded, asked } = setUp([at("old"), at("one")]);
  const request = { scope: ["a"] };
  expect((await grant.requestToken(request)).accessToken).toBe("one");
  expect(loaded).toEqual(["default", "reload"]);
  expect(asked).toEqual([request, request]);
  state.known = "none of them";
  await expect(grant.requestToken({})).rejects.toBe(refused);
});

test("rejects when the server refuses the reloaded configuration, too", async () => {
  const { grant, loaded, asked } = setUp([at("old"), at("older")]);
  await expect(grant.requestToken({})).rejects.toBe(refused);
  expect([loaded, asked]).toEqual([
    ["default", "reload"],
    [{}, {}],
  ]);
});

test("does not repeat a refused request when the configuration is unchanged", async () => {
  const { grant, loaded, asked } = setUp(at("old"));
  await expect(grant.requestToken({})).rejects.toBe(refused);
  expect([loaded, asked]).toEqual([["default", "reload"], [{}]]);
});

test.for([
  { roundTrip: { redirectUri: "x", navigate: async () => "", close: () => {} } },
  { response: "https://app.example/?code=c" },
])(
  "does not send the code of %o twice, and uses the new configuration for the next login",
  async (login) => {
    const { grant, asked, loaded } = setUp([at("old"), at("one")]);
    await expect(grant.requestToken(login)).rejects.toBe(refused);
    expect(asked).toEqual([login]);
    expect(loaded).toEqual(["default", "reload"]);
    expect((await grant.requestToken(login)).accessToken).toBe("one");
  },
);

test("reloads after invalid_client from the device authorization endpoint, also in a login", async () => {
  const unknown = new DeviceCodeError("refused", "no", { error: "invalid_client", hint: "x" });
  const login = { roundTrip: { redirectUri: "x", navigate: async () => "", close: () => {} } };
  for (const request of [{}, login]) {
    const { grant, loaded } = setUp([at("old"), at("one")], unknown);
    expect((await grant.requestToken(request)).accessToken).toBe("one");
    expect(loaded).toEqual(["default", "reload"]);
  }
});

test("does not reload after another error", async () => {
  const error = new RequestTokenError("no", { error: "invalid_scope", hint: "x" });
  const loadConfig = vi.fn(async () => ({ type: "broken" }));
  const broken = { requestToken: () => Promise.reject(error) };
  const grant = new ConfiguredGrant({ loadConfig, registry: { broken: () => broken } });
  await expect(grant.requestToken({})).rejects.toBe(error);
  expect(loadConfig).toHaveBeenCalledTimes(1);
});

test("loads once for concurrent calls, at first and after invalid_client", async () => {
  const { grant, loaded, made } = setUp([at("old"), at("one")]);
  const responses = await Promise.all(Array.from({ length: 20 }, () => grant.requestToken({})));
  expect(new Set(responses.map(({ accessToken }) => accessToken))).toEqual(new Set(["one"]));
  expect(loaded).toEqual(["default", "reload"]);
  expect(made).toEqual(["old", "one"]);
});

test.for(["toString", "device", "__proto__"])(
  "names the unknown type %s and the registered types in its error",
  async (type) => {
    const { grant } = setUp(at("one", type));
    const error = await grant.requestToken({}).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ input: "type", message: expect.stringContaining(`"${type}"`) });
    expect((error as ConfigurationError).hint).toContain("static");
  },
);

test.for([null, undefined, "text", {}, { type: 7 }])(
  "rejects %o as a configuration",
  async (value) => {
    const { grant } = setUp(value as unknown as Configuration);
    await expect(grant.requestToken({})).rejects.toMatchObject({
      code: "configuration",
      input: "type",
    });
  },
);

test("rejects with a NetworkError without data of the request when loading fails, and loads again at the next call", async () => {
  const { grant } = setUp([new TypeError("https://config.example?key=secret"), at("one")]);
  const error = await grant.requestToken({}).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(NetworkError);
  expect(error).toMatchObject({ retryable: true, message: expect.stringContaining("TypeError") });
  expect([String((error as Error).stack), (error as Error).cause]).not.toContain("secret");
  expect((await grant.requestToken({})).accessToken).toBe("one");
});

test("uses the known configuration while loading fails", async () => {
  const { grant } = setUp([at("one"), new TypeError("offline")]);
  await grant.requestToken({});
  expect((await grant.requestToken({})).accessToken).toBe("one");
});

test("passes on an AuthError of the app", async () => {
  const error = new ConfigurationError("tenant", "it is not known", "x");
  const { grant } = setUp(error);
  await expect(grant.requestToken({})).rejects.toBe(error);
});

test("an aborted call does not stop the load for other calls", async () => {
  let response: (configuration: Configuration) => void = () => {};
  const grant = new ConfiguredGrant<Configuration>({
    loadConfig: () => new Promise((resolve) => (response = resolve)),
    registry: { static: ({ clientId }) => new StaticGrant({ accessToken: clientId }) },
  });
  const leave = new AbortController();
  const left = grant.requestToken({ signal: leave.signal });
  const stays = grant.requestToken({});
  const reason = new Error("enough");
  leave.abort(reason);
  await expect(left).rejects.toBe(reason);
  response(at("one"));
  expect((await stays).accessToken).toBe("one");
});
