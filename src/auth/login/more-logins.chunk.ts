// Custom grants, silent logins and user fetchers need this chunk. A visible login that returns an ID token does not need it.
export { fetchUser } from "../users/fetch-user.ts";
export { storeGrantTokens } from "./store-grant-tokens.ts";
export { assertMayReturn } from "../session/not-forgotten.ts";
export { silentLogin } from "./silent-login.ts";
