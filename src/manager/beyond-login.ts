// One chunk of what logins do without whose tokens come from the server, with an ID token.
export { fetchUser } from "./fetch-user.ts";
export { keepAnswer } from "./keep-answer.ts";
