// One chunk of what logins do without that a person sees and whose tokens come from the server, with an ID token.
export { fetchUser } from "./fetch-user.ts";
export { keepAnswer } from "./keep-answer.ts";
export { assertMayReturn } from "./not-forgotten.ts";
export { silentLogin } from "./silent-login.ts";
