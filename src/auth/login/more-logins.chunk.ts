// A visible login with an ID token of the server does not need this chunk. Custom grants, silent logins and user fetchers do.
export { fetchUser } from "../users/fetch-user.ts";
export { storeGrantTokens } from "./store-grant-tokens.ts";
export { assertMayReturn } from "../session/not-forgotten.ts";
export { silentLogin } from "./silent-login.ts";
