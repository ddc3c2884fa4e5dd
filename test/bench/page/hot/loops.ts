import type { TokenGiver } from "./bare-token.ts";

/** Calls `getToken()` `calls` times. Resolves to the last token. */
export type Loop = (calls: number) => Promise<string>;

/** The same loop for the library and for the baseline. */
export interface Pair {
  readonly latchkey: Loop;
  readonly baseline: Loop;
}

/** `awaited`: each call is awaited. `called`: the calls alone. */
export interface Loops {
  readonly awaited: Pair;
  readonly called: Pair;
}

/**
 * Each loop is written out. A shared loop would have a call site with two targets, which no app has, and the engine could not
 * inline the baseline. The loops compare the results, so that the engine cannot leave out a call.
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
