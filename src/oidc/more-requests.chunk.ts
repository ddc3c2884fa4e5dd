// This file is loaded on demand, because most apps need only login, refresh and logout.
export { authorizeDevice } from "./device.ts";
export { documentMembers, metadataOf } from "./configured-metadata.ts";
export { checkLoginParameters, checkTokenParameters } from "../core/own-parameters.ts";
export { requestGrant } from "./token/request-tokens.ts";
export { fetchUserinfo } from "./userinfo.ts";
