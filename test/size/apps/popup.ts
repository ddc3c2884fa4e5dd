import { createAuth, PopupUserAgent } from "../../../src/index.ts";

Object.assign(window, { createAuth, PopupUserAgent });
