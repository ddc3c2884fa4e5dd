/** What gives the good token of a page. */
export interface TokenGiver {
  getToken(): Promise<string>;
}

/** The least a good token can cost: a look at the clock. In an object, because that is how an app calls Latchkey. */
export function bareToken(token: string, t: number): TokenGiver {
  const promise = Promise.resolve(token);
  const slow = () => Promise.reject<string>(new Error("the token is over"));
  return { getToken: () => (Date.now() < t ? promise : slow()) };
}
