// This file is loaded on demand, by apps that have a schema for the claims.
export { readClaims } from "../auth/users/read-claims.ts";
