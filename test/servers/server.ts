import type { Page } from "puppeteer-core";
import type { CreateAuthConfig } from "../../src/index.ts";

/** What a kind of server needs to know of the app before it starts. */
export interface AppToRegister {
  /** The origin of the app, which CORS must allow. */
  readonly origin: string;
  /** An origin with the same redirect paths that CORS must not allow. */
  readonly strangeOrigin: string;
  /** The pages that receive responses, and where a logout ends. For both origins. */
  readonly redirectUris: readonly string[];
}

/** A kind of server that this machine can install and start. */
export interface ServerKind {
  /** Such as `Keycloak`. */
  readonly name: string;
  /** How it is set up, such as `as it comes`. */
  readonly setup: string;
  /** The rows that are driven. Default: all. */
  readonly rows?: readonly string[];
  /** Flags of the browser that is used for this kind. */
  readonly browserArgs?: readonly string[];
  /** The host of the app's origin. Default: `localhost`, which is the same site as the server. */
  readonly appHost?: "127.0.0.1";
  /**
   * Installs what is missing below `folder`, and starts the server with the users of `USERS` and one public client.
   * @throws CannotStart this machine lacks something
   */
  start(app: AppToRegister, folder: string): Promise<RunningServer>;
}

/** The name of a kind in the names of files. */
export const slugOf = ({ name, setup }: Pick<ServerKind, "name" | "setup">): string =>
  `${name} ${setup}`.toLowerCase().replaceAll(/\W+/g, "-");

/** A started server. A function that is absent is something that this server cannot do; `lacks` says why. */
export interface RunningServer {
  readonly version: string;
  /** What `createAuth()` needs besides `redirectUri`: at least `issuer` and `clientId`. */
  readonly config: Partial<CreateAuthConfig>;
  /** What an administrator must set at this server before an app can use it. A line each, for the guide. */
  readonly configured: readonly string[];
  /** The elements of the server's own pages. */
  readonly pages: ServerPages;
  /** Why a row of the list cannot hold at this server, by the row's id. */
  readonly lacks?: Readonly<Record<string, string>>;
  /** A scope, an audience or a resource of an API that the server knows. */
  readonly api?: { readonly scope?: string; readonly resource?: string };
  /** Ends the sessions of a user as an administrator does. */
  endSessions?(sub: string): Promise<void>;
  /** Revokes a refresh token as an administrator does. Default: the revocation endpoint. */
  revokeRefreshToken?(refreshToken: string, sub: string): Promise<void>;
  /** Makes the server sign with a new key. Tokens that the old key has signed stay valid. */
  rotateKeys?(): Promise<void>;
  /** Approves a device login in a browser that shows the verification page. Default: as a login. */
  approveDevice?(page: Page, user: ServerUser, userCode: string): Promise<void>;
  /** Stops the server, calls `whileDown`, and starts the server again with its stored data. Resolves when it answers. */
  restart(whileDown: () => Promise<void>): Promise<void>;
  /** Ends every process of the server. */
  stop(): Promise<void>;
}

/** CSS selectors. An element that the server does not have is absent. */
export interface ServerPages {
  readonly user: string;
  /** What the server's user field takes. Default: the login. */
  readonly userIs?: "email";
  readonly password?: string;
  readonly submit: string;
  /** Leads to `user` from a page that asks for the password of the user of the server's session. */
  readonly otherUser?: string;
  /** Agrees to the consent, or to another question after the login. */
  readonly agree?: string;
  /** Denies the login or the consent. */
  readonly deny?: string;
  /** Where the user code of a device login is typed, if the complete URI does not fill it in. */
  readonly userCode?: string;
  /** Confirms a logout, at a server that asks. */
  readonly logOut?: string;
}

/** A user of every server. `name` and `email` are what the picker must show. */
export interface ServerUser {
  readonly login: string;
  readonly password: string;
  readonly name: string;
  readonly email: string;
}

export const ADA: ServerUser = {
  login: "ada",
  password: "Analytical-1843",
  name: "Ada Lovelace",
  email: "ada@example.com",
};
export const GRACE: ServerUser = {
  login: "grace",
  password: "Compiler-1952",
  name: "Grace Hopper",
  email: "grace@example.com",
};

/** What the user types into the server's user field. */
export const nameAt = ({ userIs }: ServerPages, user: ServerUser): string =>
  userIs === "email" ? user.email : user.login;

/** The path of the redirect URI of the tests' app, of its page for popups and frames, and of one that is not registered. */
export const PATHS = { page: "/bare/", relay: "/bare/relay.html", unknown: "/bare/callback" };

/** This machine cannot start the server. The message says what is missing. */
export class CannotStart extends Error {}
