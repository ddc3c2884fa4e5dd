import { NetworkError } from "../../src/core/errors.ts";
import type { Clock } from "../../src/core/ports.ts";
import type { IdTokenVerdict, RefreshAnswer, Send } from "../../src/core/refresher.ts";
import { USUAL_WANT } from "../../src/core/want.ts";
import type { Granted, Server } from "./server.ts";
import { record, strikes, type Stage } from "./stage.ts";
import type { TabStore } from "./store.ts";
import { claimsOf, isBad } from "./verdict-invariants.ts";
import type { TabLife } from "./tab-life.ts";

/** The way from tabs to the server and back. */
export class Network {
  readonly #stage: Stage;
  readonly #server: Server;
  #sends = 0;

  constructor(stage: Stage, server: Server) {
    this.#stage = stage;
    this.#server = server;
  }

  of(life: TabLife, clock: Clock, store: TabStore): Omit<Send, "revoke"> {
    return {
      prepare: () => this.#pass(life, 0.5),
      send: ({ refreshToken, user }, want) => {
        if (refreshToken === undefined) return Promise.resolve({ type: "unsent" });
        return this.#send(life, clock, store, { token: refreshToken, user: user.sub, want });
      },
      verify: async ({ idToken, user, authTime }): Promise<IdTokenVerdict> => {
        await this.#pass(life, 0);
        const { weather } = this.#stage;
        if (weather.keysDown || !weather.online) return { type: "unknown" };
        return isBad(idToken)
          ? { type: "invalid" }
          : { type: "valid", user: claimsOf(user.sub, idToken), authTime };
      },
    };
  }

  /** What revokes in a tab. */
  serverOf(life: TabLife): { revoke(refreshToken: string): Promise<void> } {
    return { revoke: (refreshToken) => this.#revoke(life, refreshToken) };
  }

  /** A while, or none. */
  #pass(life: TabLife, none: number): Promise<void> {
    const { prng, scheduler } = this.#stage;
    if (prng.chance(none)) return Promise.resolve();
    return new Promise((resolve) => {
      scheduler.after(this.#delay(), () => life.deliver("result", resolve));
    });
  }

  #send(
    life: TabLife,
    clock: Clock,
    { lastClaims }: TabStore,
    { token, user, want }: { token: string; user: string; want: string },
  ): Promise<RefreshAnswer> {
    const { scheduler, timing } = this.#stage;
    const id = ++this.#sends;
    record(this.#stage, {
      what: "send",
      tab: life.name,
      id,
      user,
      want,
      token,
      claim: lastClaims.get(user) ?? { attId: "none", seq: 0, n: 0, sid: "none" },
    });
    this.#stage.atPoint("sent", life.name);
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (answer: RefreshAnswer) => {
        if (isOver) return;
        isOver = true;
        scheduler.cancel(timer);
        record(this.#stage, { what: "over", tab: life.name, id, answer: answer.type });
        resolve(answer);
      };
      const cut = { type: "unknown", byServer: false, cause: new NetworkError("cut") } as const;
      const timer = scheduler.after(timing.requestMs, () =>
        life.deliver("timer", () => finish(cut)),
      );
      this.#transmit(
        { life, id, token, want },
        (answer) => life.deliver("result", () => finish(answer(clock))),
        () => life.deliver("result", () => finish(cut)),
      );
    });
  }

  #transmit(
    { life, id, token, want }: { life: TabLife; id: number; token: string; want: string },
    arrive: (answer: (clock: Clock) => RefreshAnswer) => void,
    cut: () => void,
  ): void {
    const { scheduler, weather, prng } = this.#stage;
    if (!weather.online) return void scheduler.after(prng.between(0, 20), cut);
    if (strikes(this.#stage, "lost request", 0.3)) return this.#maybe(cut);
    // The tab's end of the connection breaks; what has left goes on, slowly.
    const isCut = strikes(this.#stage, "lost answer", 0.2);
    const ms = isCut ? prng.between(100, 1_900) : this.#delay();
    if (isCut) scheduler.after(prng.between(0, ms), cut);
    const process = (isLast: boolean) => {
      // What is not on its way yet goes with its tab, or does not.
      if (!weather.online || (life.state === "dead" && prng.chance(0.2))) return cut();
      const answer = this.#answer(id, token, want);
      if (!answer) return this.#maybe(cut);
      this.#stage.atPoint("processed", life.name);
      if (!isLast) return;
      if (strikes(this.#stage, "lost answer", 0.3)) return this.#maybe(cut);
      scheduler.after(this.#delay(), () => {
        if (!weather.online) return cut();
        arrive(answer);
        this.#stage.atPoint("answered", life.name);
      });
    };
    const isResent = strikes(this.#stage, "resend", 0.25);
    scheduler.after(ms, () => process(!isResent));
    // By the browser itself, when the connection closes before the answer's headers.
    if (isResent) scheduler.after(ms + prng.between(1, 300), () => process(true));
  }

  #maybe(cut: () => void): void {
    const { scheduler, prng } = this.#stage;
    if (prng.chance(0.5)) scheduler.after(this.#delay(), cut);
  }

  /** Undefined: there will be none. */
  #answer(id: number, token: string, want: string): ((clock: Clock) => RefreshAnswer) | undefined {
    const { weather, prng, lifeMs } = this.#stage;
    const cause = new Error("the server cannot now");
    const skipped = (answer: RefreshAnswer) => {
      record(this.#stage, { what: "process", id, token, outcome: "not processed" });
      return () => answer;
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
      const isNonce = want === USUAL_WANT || prng.chance(0.5);
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
    const { outcome, granted } = this.#server.refresh(token, want);
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
    return (clock) => tokens(granted, clock.now() + lifeMs);
  }

  /** Milliseconds, one way. */
  #delay(): number {
    const { prng } = this.#stage;
    if (strikes(this.#stage, "slow network", 0.4)) return prng.between(0, 20_000);
    return prng.chance(0.9) ? prng.between(5, 200) : prng.between(200, 1_800);
  }

  #revoke(life: TabLife, token: string): Promise<void> {
    const { scheduler, weather, prng, timing } = this.#stage;
    record(this.#stage, { what: "revocation leaves", tab: life.name, token });
    return new Promise((resolve, reject) => {
      const fail = () => life.deliver("result", () => reject(new NetworkError("cut")));
      scheduler.after(timing.requestMs, fail);
      if (!weather.online || weather.outage !== "none") return fail();
      scheduler.after(this.#delay(), () => {
        if (life.state === "dead" && prng.chance(0.2)) return;
        this.#server.revoke(token);
        if (strikes(this.#stage, "lost answer", 0.3)) return;
        scheduler.after(this.#delay(), () => life.deliver("result", resolve));
      });
    });
  }
}

function tokens(granted: Granted, expiresAt: number): RefreshAnswer {
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
