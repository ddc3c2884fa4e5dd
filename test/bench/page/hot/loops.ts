import type { TokenGiver } from "./bare-token.ts";

/** Asks `calls` times and gives what came last. */
export type Loop = (calls: number) => Promise<string>;

/** One way of calling, of the library and of the baseline. */
export interface Pair {
  readonly latchkey: Loop;
  readonly baseline: Loop;
}

export interface Loops {
  readonly awaited: Pair;
  readonly called: Pair;
}

/**
 * Each loop is written out: one for both would make its call go two ways, which no app's call does, and would cost the
 * baseline its inlining. What the calls give is compared, so that none of them can be left out.
 */
export function loops(auth: TokenGiver, bare: TokenGiver): Loops {
  return {
    awaited: {
      latchkey: async (calls) => {
        let token = "";
        for (let call = 0; call < calls; call++) {
          const next = await auth.getToken();
          if (next !== token) token += next;
        }
        return token;
      },
      baseline: async (calls) => {
        let token = "";
        for (let call = 0; call < calls; call++) {
          const next = await bare.getToken();
          if (next !== token) token += next;
        }
        return token;
      },
    },
    called: {
      latchkey: (calls) => {
        let promise = auth.getToken();
        let changes = 0;
        for (let call = 1; call < calls; call++) {
          const next = auth.getToken();
          if (next !== promise) changes++;
          promise = next;
        }
        return changes === 0 ? promise : Promise.reject(new Error("the promise changed"));
      },
      baseline: (calls) => {
        let promise = bare.getToken();
        let changes = 0;
        for (let call = 1; call < calls; call++) {
          const next = bare.getToken();
          if (next !== promise) changes++;
          promise = next;
        }
        return changes === 0 ? promise : Promise.reject(new Error("the promise changed"));
      },
    },
  };
}
