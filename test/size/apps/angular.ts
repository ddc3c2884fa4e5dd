import { createAuth } from "../../../src/index.ts";
import { authInterceptor, injectAuth, injectToken, provideAuth } from "../../../src/angular.ts";

Object.assign(window, { createAuth, authInterceptor, injectAuth, injectToken, provideAuth });
