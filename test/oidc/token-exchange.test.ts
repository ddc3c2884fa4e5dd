import { expect, test } from "vitest";
import { createLazyServer } from "../../src/compose/lazy-server.ts";
import { StaticGrant } from "../../src/grants/static-grant.ts";
import { TokenExchangeGrant } from "../../src/grants/token-exchange-grant.ts";
import { errorFrom, fakeFetch, ISSUER, json, testClock, testRequests } from "./support.ts";

/** The example of the RFC. @see https://www.rfc-editor.org/rfc/rfc8693#section-2.3 */

const SUBJECT = "accVkjcJyb4BWCxGsndESCJQbdFMogUC5PbRDqceLTC";
const RESPONSE = {
  access_token: "eyJhbGciOiJFUzI1NiIsImtpZCI6IjllciJ9",
  issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
  token_type: "Bearer",
  expires_in: 60,
};

function exchange(response: () => Response) {
  const fetch = fakeFetch(response);
  const { server } = createLazyServer({
    issuer: ISSUER,
    clientId: "rs08",
    endpoints: {
      authorizationEndpoint: `${ISSUER}/as/authorization.oauth2`,
      tokenEndpoint: `${ISSUER}/as/token.oauth2`,
    },
    requests: testRequests(),
    clock: testClock(),
    fetch,
  });
  const subject = new StaticGrant({ accessToken: SUBJECT });
  const grant = new TokenExchangeGrant(subject, server, {
    resource: "https://backend.example.com/api",
  });
  return { fetch, response: grant.requestToken({}) };
}

test("the exchange sends the request of the RFC's example and accepts its response", async () => {
  const { fetch, response } = exchange(() => json(RESPONSE));
  expect(await response).toMatchObject({
    accessToken: RESPONSE.access_token,
    issuedTokenType: RESPONSE.issued_token_type,
  });
  expect(fetch.sent.map(({ url, body }) => [url, body])).toEqual([
    [
      `${ISSUER}/as/token.oauth2`,
      {
        client_id: "rs08",
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        resource: "https://backend.example.com/api",
        subject_token: SUBJECT,
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
      },
    ],
  ]);
});

test.for([{ issued_token_type: undefined }, { issued_token_type: "urn:x:other" }])(
  "a response with %o is refused",
  async (change) => {
    const { response } = exchange(() => json({ ...RESPONSE, ...change }));
    expect(await errorFrom(response)).toMatchObject({ code: "request_token" });
  },
);

test("a refusal has the server's error, without the token that the server repeats", async () => {
  const error_description = `${SUBJECT} is not good there`;
  const { response } = exchange(() => json({ error: "invalid_target", error_description }, 400));
  const error = await errorFrom(response);
  expect(error).toMatchObject({ code: "request_token", error: "invalid_target", status: 400 });
  expect(error["errorDescription"]).not.toContain(SUBJECT);
});
