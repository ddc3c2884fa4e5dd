// This file is loaded on demand. In most browser apps, login, refresh and logout do not call these functions.
export { authorizeDevice } from "./device.ts";
export { metadataOf } from "./configured-metadata.ts";
export { requestGrant } from "./token/request-tokens.ts";
export { fetchUserinfo } from "./userinfo.ts";
