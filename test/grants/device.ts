import type {
  AuthorizationServer,
  DeviceAuthorization,
  TokenParameters,
} from "../../src/core/authorization-server.ts";
import type { DeviceChoice, DeviceCode, DeviceStatus } from "../../src/core/device-prompt.ts";
import type { ServerFacts } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Clock, TabLock } from "../../src/core/ports.ts";
import type { RequestStore } from "../../src/core/request-store.ts";
import type { TokenSet } from "../../src/core/token-set.ts";
import type { TokenTarget } from "../../src/core/token-target.ts";
import {
  DeviceCodeGrant,
  type DeviceCodeGrantConfig,
} from "../../src/grants/device/device-code-grant.ts";
import { MemoryRequestStore } from "../../src/memory/memory-request-store.ts";
import { MemoryTabLock } from "../../src/memory/memory-tab-lock.ts";
import { loginResponse } from "../auth/fixture.ts";
import { systemClock } from "../../src/browser/page/system-clock.ts";

export const INTERVAL_MS = 5_000;
export const LIFETIME_MS = 600_000;

/** A code that a prompt shows, and the statuses that the prompt received. */
export interface Shown extends DeviceCode {
  readonly statuses: DeviceStatus[];
  readonly signal: AbortSignal;
  readonly dismiss: () => void;
}

/** One tab: a grant, and the codes that its user sees. */
export interface DeviceTab {
  readonly grant: DeviceCodeGrant;
  readonly shown: Shown[];
}

type Reply = TokenSet | Error | Promise<TokenSet>;

export interface DeviceWorld {
  requests: RequestStore;
  locks: TabLock;
  /** Each request for a code. */
  readonly asked: TokenTarget[];
  /** Each poll. `at`: milliseconds since `deviceWorld()` was called. */
  readonly polls: { readonly at: number; readonly parameters: TokenParameters }[];
  /** The next responses to polls. Default: `authorization_pending`. */
  readonly replies: Reply[];
  /** Members that the next device authorization responses have. */
  authorization: Partial<DeviceAuthorization>;
  /** Tests may replace its functions. */
  readonly server: {
    -readonly [call in "authorizeDevice" | "requestTokens"]: AuthorizationServer[call];
  };
  tab(changes?: Partial<DeviceCodeGrantConfig>): DeviceTab;
}

/** A scripted server, and tabs of one browser that share a store and locks. */
export function deviceWorld(clock: Clock = systemClock): DeviceWorld {
  const begunAt = clock.monotonic();
  const me: DeviceWorld = {
    requests: new MemoryRequestStore(),
    locks: new MemoryTabLock(),
    asked: [],
    polls: [],
    replies: [],
    authorization: {},
    server: {
      async authorizeDevice(target) {
        me.asked.push(target);
        const n = me.asked.length;
        return {
          deviceCode: `secret-${n}`,
          userCode: `CODE-${n}`,
          verificationUri: "https://id.example/device",
          verificationUriComplete: `https://id.example/device?user_code=CODE-${n}`,
          expiresAt: clock.now() + LIFETIME_MS,
          intervalMs: INTERVAL_MS,
          ...me.authorization,
        };
      },
      async requestTokens(parameters) {
        me.polls.push({ at: Math.round(clock.monotonic() - begunAt), parameters });
        const reply = await (me.replies.shift() ?? refusal("authorization_pending"));
        if (reply instanceof Error) throw reply;
        return reply;
      },
    },
    tab: (changes) => {
      const shown: Shown[] = [];
      const grant = new DeviceCodeGrant(
        {
          authorizeDevice: (...asked) => me.server.authorizeDevice(...asked),
          requestTokens: (...asked) => me.server.requestTokens(...asked),
        },
        {
          client: "issuer,client",
          requests: me.requests,
          locks: me.locks,
          clock,
          prompt: {
            showCode: (code, { signal, subscribe }) =>
              new Promise<DeviceChoice>((resolve) => {
                const statuses: DeviceStatus[] = [];
                const dismiss = () => resolve({ type: "dismiss" });
                shown.push({ ...code, statuses, signal, dismiss });
                subscribe((status) => statuses.push(status));
              }),
          },
          ...changes,
        },
      );
      return { grant, shown };
    },
  };
  return me;
}

export function refusal(
  error: string | undefined,
  facts: ServerFacts & { retryable?: boolean } = {},
): RequestTokenError {
  return new RequestTokenError(`the token endpoint returned ${error}`, {
    ...(error !== undefined && { error }),
    status: 400,
    hint: "x",
    ...facts,
  });
}

/** The token response after the user approved the login. */
export const approval = () => loginResponse({ expiresAt: Date.now() + 3_600_000 });

/** All stored records as text. */
export async function stored({ requests }: DeviceWorld): Promise<string> {
  const rows = await Promise.all((await requests.getAllKeys()).map((id) => requests.get(id)));
  return rows.join("\n");
}
