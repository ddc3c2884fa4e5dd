/** What another SDK stored of a person's session, as it is there: nothing in it is trusted. */
export interface ImportedTokens {
  readonly accessToken?: string | undefined;
  /** `Bearer` when not given. */
  readonly tokenType?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number | undefined;
  /** As granted. */
  readonly scope?: readonly string[] | undefined;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  /** About the person; used only where there is no ID token. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

export type ImportedSession =
  | {
      readonly type: "left";
      readonly tokens: ImportedTokens;
      /** Takes away what was found, unless it is no longer what was found. */
      remove(): void | Promise<void>;
    }
  /** There is something, and it is not what that SDK writes; or several, and nothing says which. It stays. */
  | { readonly type: "malformed" | "ambiguous" };

/** Where another SDK keeps its sessions. */
export interface SessionSource {
  /** Undefined when there is none of this client. Asked again when it may have changed. */
  find(client: {
    readonly issuer: string;
    readonly clientId: string;
  }): ImportedSession | undefined | Promise<ImportedSession | undefined>;
}

/**
 * Why a session was not taken over. `foreign`: of another issuer or client. `nobody`: nothing says who it is. `expired`: no
 * token that works, and none to get another. `sender_constrained`: its tokens need a key that only the other SDK has.
 */
export type ImportRefusal = "malformed" | "foreign" | "nobody" | "expired" | "sender_constrained";
