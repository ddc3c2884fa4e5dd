import { createAuth } from "../../../src/index.ts";
import { AuthProvider, RequireAuth, useAuth, useToken, useUser } from "../../../src/react.ts";

Object.assign(window, { createAuth, AuthProvider, RequireAuth, useAuth, useToken, useUser });
