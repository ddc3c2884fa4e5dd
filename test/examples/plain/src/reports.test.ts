import { fakeProvider } from "latchkey/testing";
import { expect, test } from "vitest";
import { reportsClient } from "./reports.ts";

test("many calls share one token, and an outage of the provider is an error that can be retried", async () => {
  const provider = fakeProvider({ clients: [{ clientId: "reports", clientSecret: "s3cret" }] });
  const { issuer, fetch } = provider;
  const client = reportsClient({ issuer, clientId: "reports", fetch }, "s3cret");

  provider.failNext("token", { type: "status", status: 503 });
  await expect(client.getToken()).rejects.toMatchObject({ retryable: true });

  const [one, two] = await Promise.all([client.getToken(), client.getToken()]);
  expect(one).toBe(two);
  const sent = provider.requests.filter(({ endpoint }) => endpoint === "token");
  expect(sent).toHaveLength(2);
});
