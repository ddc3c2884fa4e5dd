export { relayResponse } from "./browser/relay-response.ts";
