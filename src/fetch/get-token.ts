/** `Auth.getToken`, a token manager's, or anything like them. */
export type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  /** With `reload`: the token that an API refused. Give another one that is known by now, or else get one. */
  refused?: string;
  signal: AbortSignal;
}) => Promise<string>;
