import { NetworkError } from "../../src/core/errors.ts";
import { RequestTokenError } from "../../src/core/protocol-errors.ts";
import type { Clock } from "../../src/core/ports.ts";
import type {
  GrantedResponse,
  IdTokenValidation,
  RefreshResponse,
  Send,
} from "../../src/core/refresher.ts";
import type { TokenRecord } from "../../src/core/session.ts";
import { DEFAULT_TARGET } from "../../src/core/token-target.ts";
import { CLIENT_ID, isForged, ISSUER, userOf } from "./id-tokens.ts";
import type { Granted, Server } from "./server.ts";
import { record, strikes, type Stage } from "./stage.ts";
import type { TabStore } from "./store.ts";
import type { Subject } from "./subject.ts";
import type { TabLifecycle } from "./tab-life.ts";

/** The network between the tabs and the server. */
export class Network {
  readonly #stage: Stage;
  readonly #server: Server;
  readonly #subject: Pick<Subject, "validateRefreshed">;
  #sends = 0;

  constructor(stage: Stage, server: Server, subject: Pick<Subject, "validateRefreshed">) {
    this.#stage = stage;
    this.#server = server;
    this.#subject = subject;
  }

  of(life: TabLifecycle, clock: Clock, store: TabStore): Omit<Send, "revoke"> {
    const { prng, weather } = this.#stage;
    let hasKeys = false;
    const learnKeys = () => {
      hasKeys = true;
      record(this.#stage, { what: "keys", tab: life.name });
    };
    // A tab may have keys from the start, for example from its own login.
    if (prng.chance(0.3)) learnKeys();
    return {
      prepare: () => this.#pass(life, 0.5),
      sync: () => Promise.resolve(),
      send: (previous, target) => {
        const { refreshToken } = previous;
        if (refreshToken === undefined) return Promise.resolve({ type: "unsent" });
        return this.#send(life, clock, store, { token: refreshToken, previous, target });
      },
      verify: async ({ idToken, user, authTime }, keys): Promise<IdTokenValidation> => {
        await this.#pass(life, keys === "cached" ? 0.9 : 0);
        const canFetch = keys === "fetched" && !weather.keysDown && weather.online;
        if (canFetch && !hasKeys) learnKeys();
        if (!hasKeys) return { type: "unknown" };
        return isForged(idToken)
          ? { type: "invalid", claim: "signature" }
          : { type: "valid", user: userOf(user.sub, idToken), authTime };
      },
    };
  }

  /** The revocation endpoint as one tab calls it. */
  serverOf(life: TabLifecycle): {
    revoke(refreshToken: string, signal: AbortSignal): Promise<void>;
  } {
    return { revoke: (refreshToken, signal) => this.#revoke(life, refreshToken, signal) };
  }

  /** Waits for one network delay, or not at all with the probability `none`. */
  #pass(life: TabLifecycle, none: number): Promise<void> {
    const { prng, scheduler } = this.#stage;
    if (prng.chance(none)) return Promise.resolve();
    return new Promise((resolve) => {
      scheduler.after(this.#delay(), () => life.deliver("result", resolve));
    });
  }

  #send(
    life: TabLifecycle,
    clock: Clock,
    { lastClaims }: TabStore,
    { token, previous, target }: { token: string; previous: TokenRecord; target: string },
  ): Promise<RefreshResponse> {
    const user = previous.user.sub;
    const { scheduler, timing } = this.#stage;
    const id = ++this.#sends;
    record(this.#stage, {
      what: "send",
      tab: life.name,
      id,
      user,
      target,
      token,
      claim: lastClaims.get(user) ?? {
        attemptId: "none",
        sequence: 0,
        uncertainSends: 0,
        sessionId: "none",
      },
    });
    this.#stage.atPoint("sent", life.name);
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (response: RefreshResponse) => {
        if (isOver) return;
        isOver = true;
        scheduler.cancel(timer);
        record(this.#stage, { what: "over", tab: life.name, id, response: response.type });
        resolve(response);
      };
      const cut = {
        type: "unknown",
        byServer: false,
        cause: new NetworkError("connection lost"),
      } as const;
      const timer = scheduler.after(timing.requestMs, () =>
        life.deliver("timer", () => finish(cut)),
      );
      this.#transmit(
        { life, id, token, previous, target },
        (response) => life.deliver("result", () => finish(response(clock))),
        () => life.deliver("result", () => finish(cut)),
      );
    });
  }

  #transmit(
    { life, id, token, previous, target }: Sending,
    arrive: (response: (clock: Clock) => RefreshResponse) => void,
    cut: () => void,
  ): void {
    const { scheduler, weather, prng } = this.#stage;
    if (!weather.online) return void scheduler.after(prng.between(0, 20), cut);
    if (strikes(this.#stage, "lost request", 0.3)) return this.#maybe(cut);
    // The tab's end of the connection breaks. A request that has left still arrives, slowly.
    const isCut = strikes(this.#stage, "lost response", 0.2);
    const ms = isCut ? prng.between(100, 1_900) : this.#delay();
    if (isCut) scheduler.after(prng.between(0, ms), cut);
    const process = (isLast: boolean) => {
      // A request that has not left yet may be lost with its tab.
      if (!weather.online || (life.state === "dead" && prng.chance(0.2))) return cut();
      const response = this.#response({ life, id, token, previous, target });
      if (!response) return this.#maybe(cut);
      this.#stage.atPoint("processed", life.name);
      if (!isLast) return;
      if (strikes(this.#stage, "lost response", 0.3)) return this.#maybe(cut);
      scheduler.after(this.#delay(), () => {
        if (!weather.online) return cut();
        arrive(response);
        this.#stage.atPoint("responded", life.name);
      });
    };
    const isResent = strikes(this.#stage, "resend", 0.25);
    scheduler.after(ms, () => process(!isResent));
    // The browser itself repeats a POST whose connection closes before the response headers.
    if (isResent) scheduler.after(ms + prng.between(1, 300), () => process(true));
  }

  #maybe(cut: () => void): void {
    const { scheduler, prng } = this.#stage;
    if (prng.chance(0.5)) scheduler.after(this.#delay(), cut);
  }

  /** Returns `undefined` when the server sends no response. */
  #response({
    id,
    token,
    previous,
    target,
  }: Sending): ((clock: Clock) => RefreshResponse) | undefined {
    const { weather, prng, lifetimeMs } = this.#stage;
    const cause = new Error("the server is unavailable");
    const skipped = (response: RefreshResponse) => {
      record(this.#stage, { what: "process", id, token, outcome: "not processed" });
      return () => response;
    };
    const retryAfterMs = prng.chance(0.5) ? prng.between(0, 20_000) : undefined;
    switch (weather.outage) {
      case "silent":
        return undefined;
      case "503":
      case "429":
        return skipped({ type: "not_rotated", retryAfterMs, cause });
      case "none":
      case "500":
    }
    if (strikes(this.#stage, "refusal", 0.3)) {
      const facts = { error: "invalid_target", status: 400 };
      const isNonce = target === DEFAULT_TARGET || prng.chance(0.5);
      return skipped(
        isNonce ? { type: "nonce" } : { type: "refused", meaning: "wrong request", facts },
      );
    }
    if (strikes(this.#stage, "user needed", 0.1)) {
      const facts = { error: "interaction_required", status: 400 };
      return skipped({ type: "refused", meaning: "user needed", facts });
    }
    if (strikes(this.#stage, "unexplained", 0.3)) {
      return skipped({ type: "refused", meaning: "unexplained", facts: { status: 400 } });
    }
    const { outcome, granted } = this.#server.refresh(token, target);
    record(this.#stage, {
      what: "process",
      id,
      token,
      outcome,
      ...(granted && {
        issued: { refreshToken: granted.refreshToken, accessToken: granted.accessToken },
      }),
    });
    if (weather.outage === "500") return () => ({ type: "unknown", byServer: true, cause });
    if (!granted) return () => ({ type: "invalid_grant" });
    const isUnusable = strikes(this.#stage, "refusal", 0.1);
    return (clock) => {
      const now = clock.now();
      const expected = { issuer: ISSUER, clientId: CLIENT_ID, previous, now };
      const response = isUnusable ? unusable(granted) : tokens(granted, now + lifetimeMs);
      return this.#subject.validateRefreshed(response, granted.idToken, expected);
    };
  }

  /** The delay in one direction. Milliseconds. */
  #delay(): number {
    const { prng } = this.#stage;
    if (strikes(this.#stage, "slow network", 0.4)) return prng.between(0, 20_000);
    return prng.chance(0.9) ? prng.between(5, 200) : prng.between(200, 1_800);
  }

  #revoke(life: TabLifecycle, token: string, signal: AbortSignal): Promise<void> {
    const { scheduler, weather, prng, timing } = this.#stage;
    const id = ++this.#sends;
    record(this.#stage, { what: "revocation leaves", tab: life.name, id, token });
    return new Promise((resolve, reject) => {
      let isOver = false;
      const finish = (end: () => void) => {
        if (!isOver) record(this.#stage, { what: "revocation over", id });
        isOver = true;
        end();
      };
      const cut = () => finish(() => reject(new NetworkError("connection lost")));
      const fail = () => life.deliver("result", cut);
      // A request that has left still reaches the server.
      signal.addEventListener("abort", cut);
      scheduler.after(timing.requestMs, fail);
      if (!weather.online || weather.outage !== "none") return fail();
      scheduler.after(this.#delay(), () => {
        if (life.state === "dead" && prng.chance(0.2)) return;
        this.#server.revoke(id, token);
        if (strikes(this.#stage, "lost response", 0.3)) return;
        scheduler.after(this.#delay(), () => life.deliver("result", () => finish(resolve)));
      });
    });
  }
}

interface Sending {
  readonly life: TabLifecycle;
  readonly id: number;
  readonly token: string;
  readonly previous: TokenRecord;
  readonly target: string;
}

function unusable({ refreshToken }: Granted): GrantedResponse {
  return { type: "unusable", refreshToken, cause: NO_TOKEN };
}

const NO_TOKEN = new RequestTokenError("no usable access token", { hint: "" });

function tokens(granted: Granted, expiresAt: number): GrantedResponse {
  const { accessToken, refreshToken, idToken } = granted;
  return {
    type: "tokens",
    tokens: {
      accessToken,
      tokenType: "Bearer",
      expiresAt,
      scope: undefined,
      refreshToken,
      idToken,
    },
  };
}
