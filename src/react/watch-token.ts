import type { Auth, AuthState } from "../core/auth.ts";
import { AuthError } from "../core/errors.ts";
import { DEFAULT_TARGET, targetKey, type TokenTarget } from "../core/token-target.ts";

/**
 * Interval between two `getToken()` calls. While the token is valid, a call costs a comparison for the default target and one
 * read of the store for another target. Milliseconds.
 */
const LOOK_MS = 30_000;
/** Minimum time between two calls for the same user, so that tokens that are expired on arrival cause no loop. Milliseconds. */
const SPACING_MS = 1_000;

/**
 * The result of `useToken()`. `ready`: `token` is valid. `failed`: there is no token now, and `error` says why. After a
 * retryable error the hook tries again by itself.
 */
export type UseToken =
  | { readonly status: "loading"; readonly token?: undefined; readonly error?: undefined }
  | { readonly status: "ready"; readonly token: string; readonly error?: undefined }
  | { readonly status: "failed"; readonly token?: undefined; readonly error: unknown };

/** A constant object, because `useSyncExternalStore` needs the same snapshot on each render. */
export const TOKEN_LOADING: UseToken = { status: "loading" };

/** A store for `useSyncExternalStore`. It requests no token until it has a subscriber. */
export interface TokenWatch {
  readonly get: () => UseToken;
  readonly subscribe: (listener: () => void) => () => void;
}

/** Creates the store of one `useToken()` call. */
export function watchToken(auth: Auth, target: TokenTarget): TokenWatch {
  const nothing = { sub: undefined as string | undefined, result: TOKEN_LOADING };
  let cached = nothing;
  return {
    // Compare with the current user, so that no render gets another user's token.
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

/** Requests the token now, after each relevant change of the state, and periodically. Returns a function that stops it. */
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
    // Do not show an expired token while the call may return a newer one.
    const isExpired = isDefault && expiresAt !== undefined && expiresAt <= askedAt;
    if (isExpired && result.status === "ready") show(sub, TOKEN_LOADING);
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
    const remainingMs = isDefault && expiresAt !== undefined ? expiresAt - Date.now() : 0;
    lookIn(remainingMs > 0 ? Math.min(remainingMs, LOOK_MS) : LOOK_MS);
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

/** Uses `prompt: "none"`: no click started this call, so it must not show anything. */
async function askOnce(auth: Auth, target: TokenTarget, signal: AbortSignal): Promise<UseToken> {
  try {
    const token = await auth.getToken({ ...target, cache: "default", prompt: "none", signal });
    return { status: "ready", token };
  } catch (error) {
    return { status: "failed", error };
  }
}

/** The members of a state that change when the token changes. */
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
