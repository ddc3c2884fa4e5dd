/** `Auth.getToken`, a token manager's, or anything like them. */
export type GetToken = (options: {
  prompt: "none";
  cache?: "reload";
  signal: AbortSignal;
}) => Promise<string>;
