// One chunk of what a browser's login, refresh and sign-out do without.
export { authorizeDevice } from "./device.ts";
export { metadataOf } from "./endpoints.ts";
export { requestGrant } from "./request-tokens.ts";
export { createCredentials } from "./secret-credentials.ts";
export { fetchUserinfo } from "./userinfo.ts";
