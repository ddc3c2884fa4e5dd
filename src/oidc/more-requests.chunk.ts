// This chunk is loaded on demand. It has the code that login, refresh and logout do not use in most browser apps.
export { authorizeDevice } from "./device.ts";
export { metadataOf } from "./configured-metadata.ts";
export { requestGrant } from "./token/request-tokens.ts";
export { createCredentials } from "./token/secret-credentials.ts";
export { fetchUserinfo } from "./userinfo.ts";
