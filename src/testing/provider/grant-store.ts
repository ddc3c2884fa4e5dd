/** A login of a user, or of a client without a user. */
export interface FakeLogin {
  /** Undefined after the grant `client_credentials`. */
  readonly sub: string | undefined;
  readonly clientId: string;
  readonly scope: readonly string[];
  /** The APIs that the login named. */
  readonly resources: readonly string[];
  /** When the user authenticated. Seconds since the epoch. */
  readonly authTime: number;
  readonly nonce?: string | undefined;
  /** The `acr` that the login has requested. */
  readonly acr?: string | undefined;
}

/** The login of an authorization code, and what its token request must match. */
export interface CodeLogin {
  readonly login: FakeLogin;
  readonly redirectUri: string;
  readonly challenge: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** All tokens that come from one login. */
export interface TokenFamily {
  readonly login: FakeLogin;
  /** The refresh tokens, and when each was first used. Milliseconds since the epoch. Undefined: not yet. */
  readonly refreshTokens: Map<string, number | undefined>;
  isEnded: boolean;
}

/** An authorization code. */
interface PendingCode extends CodeLogin {
  /** The tokens that the code gives. */
  readonly family: TokenFamily;
  isUsed: boolean;
}

/** An issued access token. */
interface IssuedToken {
  readonly family: TokenFamily;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** The authorization codes, refresh tokens and access tokens of a `FakeProvider`. */
export class GrantStore {
  readonly #codes = new Map<string, PendingCode>();
  readonly #families = new Set<TokenFamily>();
  readonly #accessTokens = new Map<string, IssuedToken>();

  /** Returns a new code. */
  addCode(login: CodeLogin): string {
    const code = randomText();
    this.#codes.set(code, { ...login, family: this.open(login.login), isUsed: false });
    return code;
  }

  /**
   * Returns a code's data, once. A second use ends all tokens of the first use, also if the first use is still in progress.
   * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
   */
  takeCode(code: string): PendingCode | undefined {
    const pending = this.#codes.get(code);
    if (pending?.isUsed) pending.family.isEnded = true;
    if (!pending || pending.isUsed || pending.family.isEnded) return undefined;
    pending.isUsed = true;
    return pending;
  }

  /** Starts the tokens of a login. */
  open(login: FakeLogin): TokenFamily {
    const family: TokenFamily = { login, refreshTokens: new Map(), isEnded: false };
    this.#families.add(family);
    return family;
  }

  /** Returns a new refresh token. */
  addRefreshToken(family: TokenFamily): string {
    const token = randomText();
    family.refreshTokens.set(token, undefined);
    return token;
  }

  /** Returns the family of a refresh token, also if the token was used or revoked. */
  familyOf(refreshToken: string): TokenFamily | undefined {
    return [...this.#families].find(({ refreshTokens }) => refreshTokens.has(refreshToken));
  }

  /**
   * Marks a refresh token of `family` as used. Returns false if the family has ended. If the first use and `now` are `leewayMs`
   * milliseconds or more apart, the family ends.
   * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
   */
  useRefreshToken(family: TokenFamily, token: string, now: number, leewayMs: number): boolean {
    const usedAt = family.refreshTokens.get(token);
    if (usedAt === undefined) family.refreshTokens.set(token, now);
    // The time since the first use is negative if the wall clock was set back.
    else if (Math.abs(now - usedAt) >= leewayMs) family.isEnded = true;
    return !family.isEnded;
  }

  addAccessToken(token: string, family: TokenFamily, expiresAt: number): void {
    this.#accessTokens.set(token, { family, expiresAt });
  }

  /** Returns the login of a valid access token. */
  loginOf(accessToken: string, now: number): FakeLogin | undefined {
    const token = this.#accessTokens.get(accessToken);
    return token && !token.family.isEnded && now < token.expiresAt ? token.family.login : undefined;
  }

  /** Ends a refresh token with its family, or one access token. Returns false, and ends nothing, for another client's token. */
  revoke(token: string, clientId: string): boolean {
    const refreshed = this.familyOf(token);
    const family = refreshed ?? this.#accessTokens.get(token)?.family;
    if (family && family.login.clientId !== clientId) return false;
    if (refreshed) refreshed.isEnded = true;
    this.#accessTokens.delete(token);
    return true;
  }

  /** Ends all tokens of a user. */
  endUser(sub: string): void {
    for (const family of this.#families) if (family.login.sub === sub) family.isEnded = true;
  }

  /** Makes all access tokens of a user expire at `now`. */
  expireAccessTokens(sub: string, now: number): void {
    for (const token of this.#accessTokens.values())
      if (token.family.login.sub === sub) token.expiresAt = Math.min(token.expiresAt, now);
  }
}

/** Returns 128 random bits, in hexadecimal. */
export function randomText(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
