import { withoutHint } from "../core/auth-error.ts";
import { isAuthError, NetworkError, StorageError, TimeoutError } from "../core/errors.ts";
import type { RequestTokenError } from "../core/protocol-errors.ts";
import { has } from "../core/shape.ts";

/**
 * The members of an error that a worker sends to a page. Other errors than these are not sent, because the page finds the same
 * reason in the session row. Errors of the network and of the storage are sent as the cause of a timeout only.
 */
export type ErrorFacts =
  | {
      readonly code: "request_token";
      readonly message: string;
      readonly hint: string;
      readonly error?: string | undefined;
      readonly errorDescription?: string | undefined;
      readonly errorUri?: string | undefined;
      readonly status?: number | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly retryable: boolean;
    }
  | {
      readonly code: "network";
      readonly message: string;
      readonly hint: string;
      readonly retryable: boolean;
      readonly isWithheld: boolean;
    }
  | { readonly code: "storage"; readonly message: string }
  | { readonly code: "timeout"; readonly message: string; readonly cause?: ErrorFacts | undefined }
  | { readonly code: "other" };

/** Returns the members of `error` that a message may contain. Latchkey's errors contain no secret. */
export function errorFacts(error: unknown): ErrorFacts {
  if (!isAuthError(error)) return { code: "other" };
  if (error.code === "timeout") {
    const cause = causeFacts(error.cause);
    return { code: "timeout", message: withoutHint(error), ...(cause && { cause }) };
  }
  if (error.code !== "request_token") return { code: "other" };
  const { code, hint, errorDescription, errorUri, status, retryAfterMs, retryable } = error;
  return {
    code,
    message: withoutHint(error),
    hint,
    error: error.error,
    errorDescription,
    errorUri,
    status,
    retryAfterMs,
    retryable,
  };
}

function causeFacts(cause: unknown): ErrorFacts | undefined {
  if (!isAuthError(cause)) return undefined;
  const message = withoutHint(cause);
  if (cause.code === "network") {
    const { code, hint, retryable, isWithheld } = cause;
    return { code, message, hint, retryable, isWithheld };
  }
  if (cause.code === "storage") return { code: "storage", message };
  return cause.code === "request_token" ? errorFacts(cause) : undefined;
}

/**
 * Returns the error with these members. Returns undefined if the worker did not send the error.
 * @param load loads the class of the error
 */
export async function errorOf(
  facts: ErrorFacts,
  load: () => Promise<typeof RequestTokenError>,
): Promise<RequestTokenError | NetworkError | StorageError | TimeoutError | undefined> {
  if (facts.code === "other") return undefined;
  if (facts.code === "storage") return new StorageError(facts.message);
  if (facts.code === "network") {
    const { message, hint, retryable, isWithheld } = facts;
    return new NetworkError(message, undefined, hint, retryable, isWithheld);
  }
  if (facts.code === "timeout") {
    const cause = facts.cause && (await errorOf(facts.cause, load).catch(() => undefined));
    return new TimeoutError(facts.message, { pending: true, cause });
  }
  return new (await load())(facts.message, facts);
}

/** Whether `value` has the form of `ErrorFacts`. */
export function isErrorFacts(value: unknown): value is ErrorFacts {
  const facts = value as ErrorFacts;
  if (!has(facts, { code: "string" })) return false;
  switch (facts.code) {
    case "request_token":
      return has(facts, {
        message: "string",
        hint: "string",
        error: "string|undefined",
        errorDescription: "string|undefined",
        errorUri: "string|undefined",
        status: "number|undefined",
        retryAfterMs: "number|undefined",
        retryable: "boolean",
      });
    case "timeout":
      return (
        has(facts, { message: "string" }) &&
        // A cause has no cause. A message can contain circles.
        (facts.cause === undefined || (facts.cause.code !== "timeout" && isErrorFacts(facts.cause)))
      );
    case "network":
      return has(facts, {
        message: "string",
        hint: "string",
        retryable: "boolean",
        isWithheld: "boolean",
      });
    case "storage":
      return has(facts, { message: "string" });
    case "other":
      return true;
    default:
      return false;
  }
}
