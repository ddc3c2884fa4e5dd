import { relayResponse } from "../../../src/callback.ts";

void relayResponse();
