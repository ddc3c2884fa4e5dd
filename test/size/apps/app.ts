import { createAuth } from "../../../src/index.ts";

Object.assign(window, { createAuth });
