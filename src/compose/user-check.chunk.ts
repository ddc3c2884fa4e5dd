// This file is loaded on demand, when the server must be asked for the claims of a signed-in user.
export { UserCheck } from "../auth/users/user-check.ts";
export { userinfoFetcher } from "../auth/users/userinfo-fetcher.ts";
