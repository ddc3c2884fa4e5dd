import { createClient, type Client, type CreateClientConfig } from "latchkey/confidential";

/** The service's client at the provider. `fetch`: a test passes the fake provider's. */
export function reportsClient(
  registration: Pick<CreateClientConfig, "issuer" | "clientId" | "fetch">,
  clientSecret: string,
): Client {
  return createClient({
    ...registration,
    authentication: { method: "client_secret_basic", clientSecret },
    scope: ["reports"],
  });
}
