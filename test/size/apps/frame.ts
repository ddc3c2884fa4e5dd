import { createAuth, IframeUserAgent } from "../../../src/index.ts";

Object.assign(window, { createAuth, IframeUserAgent });
