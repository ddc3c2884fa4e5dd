import type { Auth } from "./auth.ts";
import type { AuthState } from "./auth-state.ts";
import { isAuthError } from "./errors.ts";
import { DEFAULT_TARGET, targetKey, type TokenTarget } from "./token-target.ts";
import type { Watched } from "./watch-auth.ts";

/** The longest interval between two `getToken()` calls. Milliseconds. */
const LOOK_MS = 30_000;
/**
 * The minimum time between two `getToken()` calls for the same user. This minimum prevents a fast loop if tokens have already
 * expired when they arrive. Milliseconds.
 */
const SPACING_MS = 1_000;

/**
 * An access token for a component that needs the token to render.
 * - `loading`: the component waits for a token.
 * - `ready`: `token` is an access token.
 * - `failed`: there is no token, and `error` says why. If the error is retryable, Latchkey tries again by itself.
 */
export type TokenState =
  | { readonly status: "loading"; readonly token?: undefined; readonly error?: undefined }
  | { readonly status: "ready"; readonly token: string; readonly error?: undefined }
  | { readonly status: "failed"; readonly token?: undefined; readonly error: unknown };

/** The result while a component waits for a token. React needs the same object on each render. */
export const TOKEN_LOADING: TokenState = { status: "loading" };

/** Returns the token for `target`. While the token has a listener, the token is requested and renewed. */
export function watchToken(auth: Auth, target: TokenTarget): Watched<TokenState> {
  const nothing = { sub: undefined as string | undefined, result: TOKEN_LOADING };
  let cached = nothing;
  return {
    // The cached token might belong to another user than the user of the state. Then return `TOKEN_LOADING`.
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

/**
 * Requests the token at once, after each interval, and after each change of the user or the token in the state. Passes each
 * result to `show`. Returns a function that stops the requests.
 */
function followToken(
  auth: Auth,
  target: TokenTarget,
  show: (sub: string | undefined, result: TokenState) => void,
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
    // If the shown token has expired, show `loading` until the request below has returned a newer token.
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
  const lookLater = ({ status, error }: TokenState) => {
    if (status === "failed" && !(isAuthError(error) && error.retryable)) return;
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

/** Requests the token. No click of the user caused the request, so `prompt: "none"` prevents a login page or a dialog. */
async function askOnce(auth: Auth, target: TokenTarget, signal: AbortSignal): Promise<TokenState> {
  try {
    const token = await auth.getToken({ ...target, cache: "default", prompt: "none", signal });
    return { status: "ready", token };
  } catch (error) {
    return { status: "failed", error };
  }
}

/** Returns the `sub` of the state's user and the expiry of the state's token. */
function markOf(state: AuthState): { sub: string | undefined; expiresAt: number | undefined } {
  return state.status === "authenticated"
    ? { sub: state.user.sub, expiresAt: state.token.expiresAt }
    : { sub: undefined, expiresAt: undefined };
}

function subOf(state: AuthState): string | undefined {
  return markOf(state).sub;
}

function isSame(a: TokenState, b: TokenState): boolean {
  return a.status === b.status && a.token === b.token && a.error === b.error;
}
