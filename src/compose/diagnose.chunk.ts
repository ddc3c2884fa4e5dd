// This file is loaded on demand, after a request without a response.
export { diagnose } from "../oidc/diagnose.ts";
