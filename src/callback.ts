export { relayResponse } from "./browser/user-agents/relay-response.ts";
