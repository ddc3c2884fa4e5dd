export { authInterceptor } from "./angular/auth-interceptor.ts";
export type { AuthInterceptorConfig } from "./angular/auth-interceptor.ts";
export { injectToken } from "./angular/inject-token.ts";
export { injectAuth, provideAuth } from "./angular/provide-auth.ts";
export type { InjectAuth } from "./angular/provide-auth.ts";
export type { TokenState } from "./core/watch-token.ts";
