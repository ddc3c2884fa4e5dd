// One chunk of what logins do without that a person sees and whose tokens come from the server, with an ID token.
export { fetchUser } from "../users/fetch-user.ts";
export { storeGrantTokens } from "./store-grant-tokens.ts";
export { assertMayReturn } from "../session/not-forgotten.ts";
export { silentLogin } from "./silent-login.ts";
