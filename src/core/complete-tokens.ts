import type { Grant, TokenRequest } from "./grant.ts";
import type { Clock } from "./ports.ts";
import { RequestTokenError } from "./protocol-errors.ts";
import { isObject, isTexts, text } from "./shape.ts";
import { LATEST_MS } from "./token-lifetime.ts";
import { tokenSet, type TokenSet } from "./token-set.ts";
import type { User } from "./user.ts";

/** If a token has no `expiresAt`, the token is assumed to expire after this time. Milliseconds. */
const ASSUMED_LIFETIME_MS = 300_000;

/**
 * A smaller `expiresAt` is a time before March 1973, if `expiresAt` is a number of milliseconds. So `expiresAt` is probably a
 * number of seconds.
 */
const SMALLEST_MS = 1e11;

/**
 * Tokens that an app passes to a grant, or that a grant of the app returns. Only `accessToken` is required. The default token
 * type is Bearer, and the default scope is the requested scope. The grant chooses the default expiry: usually five minutes, and
 * never for a `StaticGrant`.
 */
export type CustomTokens = Pick<TokenSet, "accessToken"> & Partial<TokenSet>;

/**
 * `now`: the time at which the tokens arrived. `assumedEnd`: the expiry if `expiresAt` is missing. Milliseconds since the epoch.
 */
export interface Completion {
  readonly now: number;
  /** Default: five minutes after `now`. */
  readonly assumedEnd?: number;
}

/**
 * Validates the app's tokens, and adds default values for missing members. A member that is null counts as missing.
 * @throws RequestTokenError `accessToken` is missing, or another member is invalid. The message names the member
 */
export function completeTokens(
  tokens: CustomTokens,
  request: Pick<TokenRequest, "scope">,
  { now, assumedEnd = now + ASSUMED_LIFETIME_MS }: Completion,
): TokenSet {
  const given: unknown = tokens;
  if (!isObject(given)) {
    const type = given === null ? "null" : Array.isArray(given) ? "an array" : typeof given;
    throw refusal(`are not an object: ${type}`, "Return an object, such as { accessToken }.");
  }
  const members = withoutNull(given);
  const { accessToken, expiresAt = assumedEnd, scope = request.scope ?? [] } = members;
  if (!text(accessToken)?.trim()) {
    const isWire = text(given["access_token"]) !== undefined;
    throw refusal(
      "have no accessToken, or it is blank or not a string",
      isWire
        ? "They have access_token. Return { accessToken: access_token, expiresAt: Date.now() + expires_in * 1_000 }."
        : "Set accessToken to a string that is not empty.",
    );
  }
  if (given["expires_in"] !== undefined && members["expiresAt"] === undefined) {
    const hint = "Return expiresAt: Date.now() + expires_in * 1_000 instead.";
    throw refusal("have expires_in, and no expiresAt", hint);
  }
  checkExpiry(expiresAt, now);
  if (!isTexts(scope)) {
    const hint = 'Set scope to a list of strings, for example ["openid", "profile"].';
    throw refusal("have a scope that is not a list of strings", hint);
  }
  checkMembers("", members, OTHERS);
  const { user: ofUser, ...others } = members as unknown as CustomTokens;
  const user = ofUser && (withoutNull(ofUser) as unknown as User);
  if (user) checkMembers("user.", user, OF_USER);
  return tokenSet({
    tokenType: "Bearer",
    ...others,
    scope,
    // No `Date` can hold a later time, such as `Number.MAX_SAFE_INTEGER`.
    expiresAt: Math.min(expiresAt as number, LATEST_MS),
    ...(user && { user: { ...user, claims: user.claims ?? { sub: user.sub } } }),
  });
}

function withoutNull(value: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => (member ?? undefined) !== undefined),
  );
}

function checkMembers(
  path: string,
  members: object,
  types: Readonly<Record<string, (member: unknown) => boolean>>,
): void {
  const given = new Map(Object.entries(members));
  const wrong = Object.keys(types).find(
    (name) => given.has(name) && !types[name]!(given.get(name)),
  );
  if (wrong === undefined) return;
  throw refusal(`have no valid ${path}${wrong}`, `Correct the member ${path}${wrong}, or omit it.`);
}

/** Returns a grant that calls `grant`, and then validates and completes the tokens with `completeTokens()`. */
export function completing(grant: Grant, clock: Pick<Clock, "now">): Pick<Grant, "requestToken"> {
  return {
    requestToken: async (request) =>
      completeTokens(await grant.requestToken(request), request, { now: clock.now() }),
  };
}

/** Checks the type of each member except `accessToken`, `expiresAt` and `scope`. */
const OTHERS: Readonly<Record<string, (member: unknown) => boolean>> = {
  tokenType: isText,
  refreshToken: isText,
  idToken: isText,
  issuedTokenType: isText,
  user: (user) => isObject(user) && isText(user["sub"]),
  authTime: Number.isFinite,
  resources: isTexts,
  lifetime: (lifetime) => lifetime === "remembered" || lifetime === "tabs",
  extra: isObject,
};

/** Says the same of the members of `user`. */
const OF_USER: typeof OTHERS = {
  name: isString,
  email: isString,
  picture: isString,
  claims: isObject,
};

function isString(member: unknown): boolean {
  return typeof member === "string";
}

function isText(member: unknown): boolean {
  return text(member) !== undefined;
}

function checkExpiry(expiresAt: unknown, now: number): void {
  const hint = "Set expiresAt to a number of milliseconds since the epoch.";
  if (expiresAt instanceof Date)
    throw refusal("have an expiresAt that is a Date", `${hint} Use getTime() of the Date.`);
  if (typeof expiresAt !== "number" || !Number.isFinite(expiresAt)) {
    const value = typeof expiresAt === "number" ? String(expiresAt) : typeof expiresAt;
    const endless =
      expiresAt === Infinity ? " For tokens that never expire, set Number.MAX_SAFE_INTEGER." : "";
    throw refusal(`have no valid expiresAt: ${value}`, `${hint}${endless}`);
  }
  if (expiresAt < SMALLEST_MS && now >= SMALLEST_MS) {
    throw refusal(
      `have an expiresAt before 1974: ${expiresAt}. This number is probably a number of seconds`,
      `${hint} Multiply seconds by 1000. If you have a lifetime such as expires_in, set expiresAt to Date.now() + expires_in * 1_000.`,
    );
  }
}

function refusal(problem: string, hint: string): RequestTokenError {
  return new RequestTokenError(`the tokens from the app's grant ${problem}`, { hint });
}
