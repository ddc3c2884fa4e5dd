import { idTokenOf, type Flaw } from "./id-tokens.ts";
import { EPOCH, record, type Stage } from "./stage.ts";
import type { Issued, Outcome } from "./trace.ts";

/** A user's authorization of this client. All tokens of a grant end with it. */
interface Grant {
  readonly id: number;
  isLost: boolean;
}

/** The refresh tokens of one login. Each one replaces the one before. */
interface Family {
  readonly id: number;
  readonly grant: Grant;
  readonly user: string;
  current: string;
  /** The token before `current`. It may be used again within the leeway. */
  previous: string | undefined;
}

/** The tokens of one response, and where they belong. */
export interface Granted extends Issued {
  readonly idToken?: string;
  /** The flaw of the ID token, if it has one. */
  readonly flaw?: Flaw | undefined;
  readonly target: string;
  readonly user: string;
  readonly grant: number;
  /** The id of the family: one per login. */
  readonly family: number;
  /** Counts all responses of the server, in order. */
  readonly number: number;
}

/** An authorization server that rotates refresh tokens and detects their reuse. Within the leeway the latest use wins. */
export class Server {
  readonly #stage: Stage;
  readonly #families = new Map<string, Family>();
  readonly #usedAt = new Map<string, number>();
  readonly #granted = new Map<string, Granted>();
  readonly #sessions = new Map<string, Grant>();
  #numbers = 0;
  #grants = 0;
  #logins = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Logs a user in. A login in the same server session shares the grant of the earlier login. */
  login(user: string, target: string): Granted {
    const before = this.#sessions.get(user);
    const grant =
      before && !before.isLost && this.#stage.prng.chance(0.7)
        ? before
        : { id: ++this.#grants, isLost: false };
    this.#sessions.set(user, grant);
    const family: Family = { id: ++this.#logins, grant, user, current: "", previous: undefined };
    return this.#issue(family, target, true);
  }

  refresh(token: string, target: string): { outcome: Outcome; granted?: Granted } {
    const family = this.#families.get(token);
    if (!family || family.grant.isLost) return { outcome: "invalid" };
    const { now } = this.#stage.scheduler;
    const firstUse = this.#usedAt.get(token) ?? now;
    this.#usedAt.set(token, firstUse);
    if (token === family.current) {
      family.previous = token;
      return { outcome: "rotated", granted: this.#issue(family, target, false) };
    }
    const { real } = this.#stage.mix.leeway;
    if (token === family.previous && real > 0 && now - firstUse <= real) {
      return { outcome: "replayed", granted: this.#issue(family, target, false) };
    }
    this.#lose(family.grant, "reuse", token);
    return { outcome: "reuse" };
  }

  revoke(id: number, token: string): void {
    record(this.#stage, { what: "revocation", id, token });
    const family = this.#families.get(token);
    if (family && !family.grant.isLost) this.#lose(family.grant, "revocation", token);
  }

  /** Whether the server expects this refresh token next. */
  isCurrent(token: string): boolean {
    const family = this.#families.get(token);
    return family?.current === token && !family.grant.isLost;
  }

  /** Finds a response by its refresh or access token. */
  find(token: string): Granted | undefined {
    return this.#granted.get(token);
  }

  #issue(family: Family, target: string, isLogin: boolean): Granted {
    const number = ++this.#numbers;
    const { idToken, flaw } = this.#idToken(family.user, number, isLogin);
    const granted: Granted = {
      refreshToken: `rt~${number}~`,
      accessToken: `at~${number}~`,
      ...(idToken !== undefined && { idToken, flaw }),
      target,
      user: family.user,
      grant: family.grant.id,
      family: family.id,
      number,
    };
    family.current = granted.refreshToken;
    this.#families.set(granted.refreshToken, family);
    for (const token of [granted.refreshToken, granted.accessToken]) {
      this.#granted.set(token, granted);
    }
    return granted;
  }

  /** A refresh response may have no ID token or a flawed one. A login always has a valid one. */
  #idToken(sub: string, number: number, isLogin: boolean): Pick<Granted, "idToken" | "flaw"> {
    const { mix, prng, scheduler } = this.#stage;
    const isGood = isLogin || !mix.faults.has("keys");
    if (!isGood && prng.chance(0.3)) return {};
    const flaws = ["claims", "signature"] as const;
    const flaw = !isGood && prng.chance(0.1) ? prng.pick(flaws) : undefined;
    const nowS = Math.floor((EPOCH + scheduler.now) / 1000);
    return { idToken: idTokenOf(sub, number, nowS, flaw, prng), flaw };
  }

  #lose(grant: Grant, by: "reuse" | "revocation", token: string): void {
    grant.isLost = true;
    record(this.#stage, { what: "grant lost", grant: grant.id, by, token });
  }
}
