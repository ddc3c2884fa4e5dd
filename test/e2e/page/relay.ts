import { relayResponse } from "../../../src/callback.ts";

const isTaken = await relayResponse();
if (!isTaken) document.body.textContent = "Nobody waits for this.";
