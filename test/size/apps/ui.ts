import { createAuth } from "../../../src/index.ts";
import { defineLatchkeyElements, loginPrompt } from "../../../src/ui.ts";

Object.assign(window, { createAuth, defineLatchkeyElements, loginPrompt });
