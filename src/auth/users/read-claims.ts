import type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from "../../core/standard-schema.ts";
import { UserFetchError } from "../../core/user-fetch-error.ts";
import type { User } from "../../core/user.ts";

/**
 * Returns the user with the claims that the schema of the app returns.
 * @throws UserFetchError the schema refuses the claims. The session is kept
 */
export async function readClaims(user: User, schema: StandardSchema<object>): Promise<User> {
  const claims = await validated("claims of the user", user.claims, schema);
  return { ...user, claims: claims as User["claims"] };
}

/**
 * Validates `value` by a schema. `name` is the name of the value in error messages.
 * @throws UserFetchError the schema refuses the value, or throws
 */
export async function validated<T>(
  name: string,
  value: unknown,
  schema: StandardSchema<T>,
): Promise<T> {
  const result = await validate(name, value, schema);
  if (result.issues)
    throw refused(name, `the schema refuses ${result.issues.map(where).join(", ")}`);
  return result.value;
}

async function validate<T>(
  name: string,
  value: unknown,
  schema: StandardSchema<T>,
): Promise<StandardSchemaResult<T>> {
  try {
    return await schema["~standard"].validate(value);
  } catch {
    throw refused(name, "the schema threw an error");
  }
}

/**
 * Returns the path of the member that the schema refused. The issue's own message is not used, because the message can contain
 * a value.
 */
function where({ path = [] }: StandardSchemaIssue): string {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return keys.join(".") || "the whole value";
}

function refused(name: string, reason: string): UserFetchError {
  return new UserFetchError(`the ${name} is malformed: ${reason}`, {
    hint: "Compare the schema with what the server sends. The schema must return an object; for userinfo, with a non-empty sub.",
  });
}
