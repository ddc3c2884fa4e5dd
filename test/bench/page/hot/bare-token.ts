/** The part of `Auth` that the loops call. */
export interface TokenGiver {
  getToken(): Promise<string>;
}

/** The minimum cost of a valid token: one read of the clock. It is a method, because apps call a method of `Auth`. */
export function bareToken(token: string, t: number): TokenGiver {
  const promise = Promise.resolve(token);
  const slow = () => Promise.reject<string>(new Error("the token has expired"));
  return { getToken: () => (Date.now() < t ? promise : slow()) };
}
