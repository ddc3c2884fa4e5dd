import { begin } from "../begin.ts";
import { createStore, get } from "idb-keyval";
import { clientKey, sessionKey } from "../../../../src/core/keys.ts";
import { CLIENT_ID, issuer } from "../client.ts";
import { sampleOf } from "../sample.ts";

// The row that holds the token, so that both pages open the same database and copy the same value.
const entries = createStore("latchkey", "entries/2");
const row = sessionKey(clientKey(issuer(), CLIENT_ID), "ada");
window.sample = get<unknown>(row, entries).then((value) => sampleOf(begin, value));
