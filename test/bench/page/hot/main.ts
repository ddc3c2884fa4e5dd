import { createAuth } from "../../../../src/index.ts";
import { CALLBACK, CLIENT_ID, issuer } from "../client.ts";
import { bareToken } from "./bare-token.ts";
import { loops } from "./loops.ts";
import { interleave, type HotRounds } from "./rounds.ts";

declare global {
  interface Window {
    hot: Promise<HotRounds>;
  }
}

const auth = createAuth({ issuer: issuer(), clientId: CLIENT_ID, redirectUri: CALLBACK });

async function run(): Promise<HotRounds> {
  const token = await auth.getToken();
  if (auth.state.status !== "authenticated") throw new Error("no user is signed in");
  const bare = bareToken(token, auth.state.token.expiresAt);
  return interleave(loops(auth, bare), token);
}

window.hot = run();
