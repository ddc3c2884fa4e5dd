import type { AuthorizationServer } from "../../core/authorization-server.ts";
import { UserFetchError } from "../../core/user-fetch-error.ts";
import type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "../../core/standard-schema.ts";
import type { UserFetcher } from "../../core/user-fetcher.ts";
import { toUser } from "../../core/user.ts";

/** What a schema must make of the answer; `name`, `email` and `picture` are shown to people when they are strings. */
export interface UserClaims {
  readonly sub: string;
}

export interface UserinfoConfig {
  /** Judges the answer, and may change it: a server that is no OpenID provider has its own names for everything. */
  readonly schema?: StandardSchema<UserClaims>;
}

/** Asks the server's userinfo endpoint. @see OpenID Connect Core 1.0 section 5.3 */
export function userinfoFetcher(
  server: Pick<AuthorizationServer, "userinfo">,
  { schema }: UserinfoConfig = {},
): UserFetcher {
  return {
    async fetchUser({ accessToken, user }, signal) {
      const response = await server.userinfo(accessToken, signal);
      const claims: Readonly<Record<string, unknown>> = {
        ...(schema ? await validated(response, schema) : response),
      };
      const { sub } = claims;
      if (typeof sub !== "string" || sub === "") throw malformed("it has no sub");
      // @see OpenID Connect Core 1.0 section 5.3.2: tokens of one person may have been given another's place.
      if (user && user.sub !== sub) {
        throw new UserFetchError("the userinfo endpoint answered about somebody else", {
          hint: "Its sub must be the ID token's. Nothing of the answer is used.",
          isFinal: true,
        });
      }
      return toUser(claims);
    },
  };
}

async function validated(
  response: unknown,
  schema: StandardSchema<UserClaims>,
): Promise<UserClaims> {
  const result = await validate(response, schema);
  if (result.issues) throw malformed(`the schema refuses ${result.issues.map(where).join(", ")}`);
  return result.value;
}

async function validate(
  response: unknown,
  schema: StandardSchema<UserClaims>,
): Promise<StandardSchemaResult<UserClaims>> {
  try {
    return await schema["~standard"].validate(response);
  } catch {
    throw malformed("the schema threw");
  }
}

/** Not the issue's message: it may repeat what it is about. */
function where({ path = [] }: StandardSchemaIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.join(".") || "it";
}

function malformed(reason: string): UserFetchError {
  return new UserFetchError(`the userinfo endpoint's answer cannot be used: ${reason}`, {
    hint: "Without a schema it must have a sub, a string; a schema may make one of something else.",
  });
}
