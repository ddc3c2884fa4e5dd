import { expect, test, vi } from "vitest";
import { auth0Session, importSession, oidcClientSession } from "../../src/index.ts";

test.for([oidcClientSession(), auth0Session()])(
  "outside of a browser it returns `failed`, without a search and without throwing",
  async (source) => {
    const find = vi.fn((client: Parameters<typeof source.find>[0]) => source.find(client));
    const config = { issuer: "https://id.example", clientId: "web", from: { find } };
    expect(await importSession(config)).toMatchObject({
      type: "failed",
      error: { code: "configuration", input: "environment" },
    });
    expect(find).not.toHaveBeenCalled();
  },
);
