import { begin } from "../begin.ts";
import { createStore, get } from "idb-keyval";
import { clientKey, sessionKey } from "../../../../src/core/keys.ts";
import { CLIENT_ID, issuer } from "../client.ts";
import { sampleOf } from "../sample.ts";

// The very row that the token lies in: the same file is opened, and the same value copied into the page.
const entries = createStore("latchkey", "entries/2");
const row = sessionKey(clientKey(issuer(), CLIENT_ID), "ada");
window.sample = get<unknown>(row, entries).then((value) => sampleOf(begin, value));
