import { RequestTokenError, type ServerFacts } from "../core/errors.ts";
import { isTemporary } from "../core/server-responses.ts";

/** An endpoint's refusal, or its bad answer, as an error. */
export function refusal(name: string, facts: ServerFacts & { status: number }): RequestTokenError {
  return new RequestTokenError(
    `the ${name} answered ${facts.status} ${facts.error ?? "without an OAuth error"}`,
    {
      ...facts,
      hint: "`error` and `errorDescription` are the server's words; its log says more.",
      retryable: isTemporary("token", facts),
    },
  );
}
