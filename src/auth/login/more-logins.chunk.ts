// Only custom grants, silent logins and user fetchers need this code, so it is loaded on demand.
export { completeTokens } from "../../core/complete-tokens.ts";
export { fetchUser } from "../users/fetch-user.ts";
export { storeGrantTokens } from "./store-grant-tokens.ts";
export { assertMayReturn } from "../session/not-forgotten.ts";
export { silentLogin } from "./silent-login.ts";
