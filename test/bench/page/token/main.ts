import { begin } from "../begin.ts";
import { createAuth } from "../../../../src/index.ts";
import { CALLBACK, CLIENT_ID, issuer } from "../client.ts";
import { sampleOf } from "../sample.ts";

const auth = createAuth({ issuer: issuer(), clientId: CLIENT_ID, redirectUri: CALLBACK });
window.sample = auth.getToken().then((token) => sampleOf(begin, token));
