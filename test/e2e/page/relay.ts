import { relayResponse } from "../../../src/callback.ts";

const isTaken = await relayResponse();
if (!isTaken) document.body.textContent = "No page waits for this response.";
