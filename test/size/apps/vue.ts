import { createAuth } from "../../../src/index.ts";
import { authPlugin, useAuth, useToken, useUser } from "../../../src/vue.ts";

Object.assign(window, { createAuth, authPlugin, useAuth, useToken, useUser });
