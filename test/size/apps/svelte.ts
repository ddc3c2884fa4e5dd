import { createAuth } from "../../../src/index.ts";
import { setAuth, useAuth, useToken } from "../../../src/svelte.ts";

Object.assign(window, { createAuth, setAuth, useAuth, useToken });
