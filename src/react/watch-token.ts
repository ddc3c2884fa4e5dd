import type { Auth, AuthState } from "../core/auth.ts";
import { AuthError } from "../core/errors.ts";
import { DEFAULT_TARGET, targetKey, type TokenTarget } from "../core/token-target.ts";

/** How often a token is looked at. With a good one that costs a comparison, or for other wants one read of the store. */
const LOOK_MS = 30_000;
/** Between two looks for the same person, so that tokens which are dead on arrival make no storm. */
const SPACING_MS = 1_000;

/** `failed`: there is none now; an error that is `retryable` is tried again by itself. */
export type UseToken =
  | { readonly status: "loading"; readonly token?: undefined; readonly error?: undefined }
  | { readonly status: "ready"; readonly token: string; readonly error?: undefined }
  | { readonly status: "failed"; readonly token?: undefined; readonly error: unknown };

export const TOKEN_LOADING: UseToken = { status: "loading" };

/** A store for `useSyncExternalStore`. Asks for nothing until somebody listens. */
export interface TokenWatch {
  readonly get: () => UseToken;
  readonly subscribe: (listener: () => void) => () => void;
}

export function watchToken(auth: Auth, target: TokenTarget): TokenWatch {
  const nothing = { sub: undefined as string | undefined, result: TOKEN_LOADING };
  let cached = nothing;
  return {
    // Compared with who is signed in at this very moment: no render has the token of somebody else.
    get: () => (cached.sub === subOf(auth.state) ? cached.result : TOKEN_LOADING),
    subscribe: (listener) => {
      const unfollow = followToken(auth, target, (sub, result) => {
        if (cached.sub === sub && isSame(cached.result, result)) return;
        cached = { sub, result };
        listener();
      });
      return () => {
        unfollow();
        cached = nothing;
      };
    },
  };
}

/** Asks at once, when the state says that there is something new, and from time to time. Returns its end. */
function followToken(
  auth: Auth,
  target: TokenTarget,
  show: (sub: string | undefined, result: UseToken) => void,
): () => void {
  const isDefault = targetKey(target) === DEFAULT_TARGET;
  let sub: string | undefined;
  let expiresAt: number | undefined;
  let askedAt = 0;
  let result = TOKEN_LOADING;
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const ask = async () => {
    clearTimeout(timer);
    asking?.abort();
    const mine = (asking = new AbortController());
    askedAt = Date.now();
    ({ sub, expiresAt } = markOf(auth.state));
    // A token that ran out is not shown while there may be a newer one.
    const isOver = isDefault && expiresAt !== undefined && expiresAt <= askedAt;
    if (isOver && result.status === "ready") show(sub, TOKEN_LOADING);
    const response = await askOnce(auth, target, mine.signal);
    if (asking !== mine) return;
    asking = undefined;
    result = response;
    show(sub, result);
    if (markOf(auth.state).expiresAt === expiresAt) lookLater(result);
    else lookSoon();
  };
  const lookIn = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ms);
  };
  const lookSoon = () => lookIn(Math.max(0, askedAt + SPACING_MS - Date.now()));
  const lookLater = ({ status, error }: UseToken) => {
    if (status === "failed" && !(error instanceof AuthError && error.retryable)) return;
    const left = isDefault && expiresAt !== undefined ? expiresAt - Date.now() : 0;
    lookIn(left > 0 ? Math.min(left, LOOK_MS) : LOOK_MS);
  };

  const unsubscribe = auth.subscribe(() => {
    const now = markOf(auth.state);
    if (now.sub !== sub) {
      show(now.sub, TOKEN_LOADING);
      void ask();
    } else if (!asking && now.expiresAt !== expiresAt) lookSoon();
  });
  void ask();
  return () => {
    unsubscribe();
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
  };
}

/** A hook is code that runs by itself: it shows nothing. */
async function askOnce(auth: Auth, target: TokenTarget, signal: AbortSignal): Promise<UseToken> {
  try {
    const token = await auth.getToken({ ...target, cache: "default", prompt: "none", signal });
    return { status: "ready", token };
  } catch (error) {
    return { status: "failed", error };
  }
}

/** What makes a token another one, as far as a state tells. */
function markOf(state: AuthState): { sub: string | undefined; expiresAt: number | undefined } {
  return state.status === "authenticated"
    ? { sub: state.user.sub, expiresAt: state.token.expiresAt }
    : { sub: undefined, expiresAt: undefined };
}

function subOf(state: AuthState): string | undefined {
  return markOf(state).sub;
}

function isSame(a: UseToken, b: UseToken): boolean {
  return a.status === b.status && a.token === b.token && a.error === b.error;
}
