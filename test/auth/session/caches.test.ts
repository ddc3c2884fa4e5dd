import { ApolloClient, ApolloLink, gql, InMemoryCache } from "@apollo/client";
import { QueryClient } from "@tanstack/query-core";
import { expect, test } from "vitest";
import { fakeAuth } from "../../../src/testing.ts";

/** The recipes of `demo/guides/state.md` that clear the caches of an app when the tab gets another user. */

test("TanStack Query has no data of the previous user when the next user is published", () => {
  const auth = fakeAuth();
  const queryClient = new QueryClient();
  auth.onUserChange((previous) => {
    if (previous) queryClient.clear();
  });
  const seen: unknown[] = [];
  auth.subscribe(() => seen.push(queryClient.getQueryData(["orders"])));
  auth.setUser("ada");
  queryClient.setQueryData(["orders"], ["an order of Ada"]);
  auth.setUser("ada", { accessToken: "newer", expiresAt: 1 });
  expect(queryClient.getQueryData(["orders"])).toEqual(["an order of Ada"]);
  auth.setUser("grace");
  expect(seen).toEqual([undefined, ["an order of Ada"], undefined]);
});

test("Apollo Client has no data of the previous user when the next user is published", async () => {
  const auth = fakeAuth();
  const client = new ApolloClient({ cache: new InMemoryCache(), link: ApolloLink.empty() });
  auth.onUserChange((previous) => {
    if (!previous) return;
    // `clearStore()` cancels the requests in flight, but deletes the data only later.
    void client.cache.reset();
    void client.clearStore();
  });
  const query = gql`
    query Me {
      me
    }
  `;
  auth.setUser("ada");
  client.writeQuery({ query, data: { me: "Ada's secret" } });
  expect(client.readQuery({ query })).toEqual({ me: "Ada's secret" });
  auth.setState({ status: "anonymous", reason: "logged_out" });
  expect(JSON.stringify(client.extract())).not.toContain("secret");
  auth.setUser("grace");
  expect(client.readQuery({ query })).toBeNull();
});
