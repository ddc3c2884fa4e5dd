import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { findPerson } from "./people.ts";

interface Me {
  readonly sub: string;
  readonly name: string;
  readonly email: string;
  readonly scope: string;
  readonly serverTime: string;
  readonly tokenGoodForSeconds: number;
}

/** A protected API: answers whoever brings a token of this provider that is still good. */
export async function serveApi(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname !== "/api/me") return answer(response, 404, { error: "not_found" });
  if (request.method !== "GET") return answer(response, 405, { error: "method_not_allowed" });

  const value = /^Bearer ([\w~+/.-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (value === undefined) {
    return answer(
      response,
      401,
      { error: "no_token" },
      { "WWW-Authenticate": 'Bearer realm="demo"' },
    );
  }
  const token = await provider.AccessToken.find(value);
  const person = findPerson(token?.accountId);
  if (!token || !token.isValid || !person) {
    const challenge = 'Bearer realm="demo", error="invalid_token"';
    return answer(response, 401, { error: "invalid_token" }, { "WWW-Authenticate": challenge });
  }
  const me: Me = {
    sub: person.sub,
    name: person.name,
    email: person.email,
    scope: token.scope ?? "",
    serverTime: new Date().toISOString(),
    tokenGoodForSeconds: token.remainingTTL,
  };
  answer(response, 200, me);
}

function answer(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, {
      "Content-Type": "application/json",
      "Cache-Control": "no-store",
      ...headers,
    })
    .end(JSON.stringify(body));
}
