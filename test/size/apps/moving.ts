import { auth0Session, createAuth, importSession, oidcClientSession } from "../../../src/index.ts";

Object.assign(window, { auth0Session, createAuth, importSession, oidcClientSession });
