import { describe, expect, test, vi } from "vitest";
import { UserFetchError } from "../../../src/core/user-fetch-error.ts";
import { NetworkError } from "../../../src/core/errors.ts";
import type { StandardSchema, StandardSchemaResult } from "../../../src/core/standard-schema.ts";
import { idTokenFetcher } from "../../../src/auth/users/id-token-fetcher.ts";
import { userinfoFetcher, type UserClaims } from "../../../src/auth/users/userinfo-fetcher.ts";
import { loginResponse } from "../fixture.ts";

const known = loginResponse();
const { user: _, ...unknown } = known;
const responding = (response: unknown) => ({
  userinfo: vi.fn(async () => response as Record<string, unknown>),
});

/** A schema like that of a validation library. */
function schema<Output>(
  validate: (
    value: unknown,
  ) => StandardSchemaResult<Output> | Promise<StandardSchemaResult<Output>>,
): StandardSchema<Output> {
  return { "~standard": { version: 1, vendor: "latchkey-test", validate } };
}

const failure = (work: Promise<unknown>): Promise<UserFetchError> =>
  work.then(
    () => expect.fail("it did not reject"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(UserFetchError);
      return error as UserFetchError;
    },
  );

describe("the userinfo fetcher", () => {
  test("returns the user, and passes on the access token and the caller's signal", async () => {
    const server = responding({ sub: "ada", name: "Ada", email: 7, picture: "p", team: "x" });
    const { signal } = new AbortController();
    expect(await userinfoFetcher(server).fetchUser(unknown, signal)).toEqual({
      sub: "ada",
      name: "Ada",
      picture: "p",
      claims: { sub: "ada", name: "Ada", email: 7, picture: "p", team: "x" },
    });
    expect(server.userinfo).toHaveBeenCalledWith("at1", signal);
  });

  test.for([{ sub: "" }, {}, { sub: 7 }, { id: "ada" }])(
    "rejects %o, which has no valid sub",
    async (response) => {
      const error = await failure(userinfoFetcher(responding(response)).fetchUser(unknown));
      expect(error).toMatchObject({ code: "user_fetch", isFinal: false, retryable: false });
    },
  );

  test("refuses a response about another user than the ID token's", async () => {
    const fetcher = userinfoFetcher(responding({ sub: "grace" }));
    expect(await failure(fetcher.fetchUser(known))).toMatchObject({ isFinal: true });
    expect(await fetcher.fetchUser(unknown)).toMatchObject({ sub: "grace" });
  });

  test.for(["at once", "later"])("returns the output of a schema, %s", async (when) => {
    const validate = schema<UserClaims>((value) => {
      const { id, login } = value as { id: number; login: string };
      const result = { value: { sub: String(id), name: login } };
      return when === "later" ? Promise.resolve(result) : result;
    });
    const server = responding({ id: 583231, login: "octocat" });
    expect(await userinfoFetcher(server, { schema: validate }).fetchUser(unknown)).toEqual({
      sub: "583231",
      name: "octocat",
      claims: { sub: "583231", name: "octocat" },
    });
  });

  test("names the paths that the schema refuses, and repeats no value of the response", async () => {
    const validate = schema<UserClaims>(() => ({
      issues: [
        { message: "ada@example.com is no address", path: ["contact", { key: "email" }] },
        { message: "ada is too short" },
      ],
    }));
    const error = await failure(
      userinfoFetcher(responding({ sub: "ada" }), { schema: validate }).fetchUser(unknown),
    );
    expect(error.message).toContain("the schema refuses contact.email, the whole value");
    expect(error.message).not.toMatch(/\bada\b/);
  });

  test("treats a schema that throws as a refusal", async () => {
    const validate = schema<UserClaims>(() => {
      throw new Error("ada is not what I expected");
    });
    const fetcher = userinfoFetcher(responding({ sub: "ada" }), { schema: validate });
    const error = await failure(fetcher.fetchUser(unknown));
    expect([error.message, error.cause]).toEqual([expect.not.stringMatching(/\bada\b/), undefined]);
  });

  test("also requires a sub in the output of a schema", async () => {
    const validate = schema(() => ({ value: {} as UserClaims }));
    const fetcher = userinfoFetcher(responding({ sub: "ada" }), { schema: validate });
    expect((await failure(fetcher.fetchUser(unknown))).message).toContain("no sub");
  });

  test.for([
    new UserFetchError("refused", { status: 401, hint: "x" }),
    new UserFetchError("down", { status: 503, hint: "x", retryable: true }),
    new NetworkError("offline"),
  ])("passes on %s", async (error) => {
    const fetcher = userinfoFetcher({ userinfo: () => Promise.reject(error) });
    await expect(fetcher.fetchUser(unknown)).rejects.toBe(error);
  });
});

test.for([
  [401, true],
  [403, true],
  [500, false],
  [undefined, false],
] as const)("status %s is final: %s", ([status, isFinal]) => {
  expect(new UserFetchError("x", { status, hint: "x" })).toMatchObject({ isFinal });
});

describe("the ID token fetcher", () => {
  test("returns the verified user without a request", async () => {
    expect(await idTokenFetcher().fetchUser(known)).toBe(known.user);
  });

  test("rejects without an ID token", async () => {
    expect((await failure(idTokenFetcher().fetchUser(unknown))).hint).toContain("openid");
  });
});
