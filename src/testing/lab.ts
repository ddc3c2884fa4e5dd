import { ConfigurationError } from "../core/errors.ts";
import { clientKey, sessionKey } from "../core/keys.ts";
import { expireInPage, type ExpiredSession } from "./expire-in-page.ts";
import type { FakeEndpoint } from "./provider/endpoints.ts";
import type { FakeProvider } from "./provider/fake-provider.ts";
import { channelName, DATABASE, ENTRIES } from "./store-names.ts";

/** The page whose store a `Lab` changes: the `Page` of Playwright, for example. */
export interface LabPage {
  /** Runs `run` in the page. `run` is sent as text, so it uses nothing from outside of itself. */
  evaluate(
    run: (session: ExpiredSession) => Promise<boolean>,
    session: ExpiredSession,
  ): Promise<boolean>;
}

/** Disturbs an app that is signed in at a `FakeProvider`. */
export interface Lab {
  /**
   * Makes the access tokens of a user expire, in the page's store and at the provider. The next `getToken()` in any tab refreshes.
   * `user`: the `sub`.
   * @throws ConfigurationError the page has no session of the user, or there is neither a `page` nor IndexedDB, as in Node
   */
  expireAccessToken(user: string): Promise<void>;
  /** No request of the SDK reaches the provider. Requests to other servers are not affected. */
  cutNetwork(): void;
  restoreNetwork(): void;
  /** The next response of `endpoint` comes `ms` milliseconds later. Default: the token endpoint. */
  delayNext(ms: number, endpoint?: FakeEndpoint): void;
  /** The provider processes the next request of `endpoint`, and its response is lost. Default: the token endpoint. */
  loseNext(endpoint?: FakeEndpoint): void;
}

/**
 * Creates a `Lab`. The network faults happen in `provider`. `page`: the page with the app's store. Default: the page in which the
 * test itself runs, as in the browser mode of Vitest and in Storybook. `clientId`: default: the first client.
 * @throws ConfigurationError the provider has no such client
 * @example
 * const provider = fakeProvider();
 * const lab = createLab(provider);
 * lab.loseNext("token");
 */
export function createLab(provider: FakeProvider, page?: LabPage, clientId?: string): Lab {
  const client = clientKey(provider.issuer, provider.clientId(clientId));
  return {
    expireAccessToken: async (user) => {
      if (!page && typeof indexedDB === "undefined") {
        throw new ConfigurationError(
          "page",
          "there is no IndexedDB here, for example because this is Node",
          "Pass the page with the app's store: createLab(provider, page).",
        );
      }
      provider.expireAccessTokens(user);
      const session: ExpiredSession = {
        database: DATABASE,
        entries: ENTRIES,
        key: sessionKey(client, user),
        channel: channelName(client),
        user,
      };
      const isStored = await (page ? page.evaluate(expireInPage, session) : expireInPage(session));
      if (!isStored) {
        throw new ConfigurationError(
          "user",
          "the page has no session of this user",
          "Log the user in first, or start the page with signedInState().",
        );
      }
    },
    cutNetwork: () => provider.cutNetwork(),
    restoreNetwork: () => provider.restoreNetwork(),
    delayNext: (ms, endpoint = "token") => provider.failNext(endpoint, { type: "delay", ms }),
    loseNext: (endpoint = "token") => provider.failNext(endpoint, { type: "lost_response" }),
  };
}
