export { fakeAuth } from "./testing/fake-auth.ts";
export type { FakeAuth } from "./testing/fake-auth.ts";
export type {
  FakeAuthCalls,
  FakeAuthConfig,
  FakeToken,
  LoginFunction,
  TestUser,
  TokenFunction,
} from "./testing/fake-auth-config.ts";
export { fakeProvider } from "./testing/provider/fake-provider.ts";
export type { FakeProvider, FakeRequest } from "./testing/provider/fake-provider.ts";
export type { FakeLoginOptions } from "./testing/provider/login-options.ts";
export type { FakeEndpoint } from "./testing/provider/endpoints.ts";
export type { FakeFault } from "./testing/provider/faults.ts";
export type { FakeClient, FakeProviderConfig } from "./testing/provider/provider-config.ts";
export type { FakeTokenResponse } from "./testing/provider/token-response.ts";
export { playwrightRoute } from "./testing/playwright-route.ts";
export type { RouteLike } from "./testing/playwright-route.ts";
export { signedInState } from "./testing/signed-in-state.ts";
export type { SignedInStateConfig, StorageState } from "./testing/signed-in-state.ts";
export { ManualClock } from "./testing/manual-clock.ts";
export { createLab } from "./testing/lab.ts";
export type { Lab, LabPage } from "./testing/lab.ts";
export type { ExpiredSession } from "./testing/expire-in-page.ts";
