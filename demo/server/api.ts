import type { IncomingMessage, ServerResponse } from "node:http";
import type Provider from "oidc-provider";
import { findUser } from "./users.ts";

interface Me {
  readonly sub: string;
  readonly name: string;
  readonly email: string;
  readonly scope: string;
  readonly serverTime: string;
  readonly tokenGoodForSeconds: number;
}

/** A protected API: it accepts valid access tokens of this provider. */
export async function serveApi(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (pathname !== "/api/me") return respond(response, 404, { error: "not_found" });
  if (request.method !== "GET") return respond(response, 405, { error: "method_not_allowed" });

  const value = /^Bearer ([\w~+/.-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (value === undefined) {
    return respond(
      response,
      401,
      { error: "no_token" },
      { "WWW-Authenticate": 'Bearer realm="demo"' },
    );
  }
  const token = await provider.AccessToken.find(value);
  const user = findUser(token?.accountId);
  if (!token || !token.isValid || !user) {
    const challenge = 'Bearer realm="demo", error="invalid_token"';
    return respond(response, 401, { error: "invalid_token" }, { "WWW-Authenticate": challenge });
  }
  const me: Me = {
    sub: user.sub,
    name: user.name,
    email: user.email,
    scope: token.scope ?? "",
    serverTime: new Date().toISOString(),
    tokenGoodForSeconds: token.remainingTTL,
  };
  respond(response, 200, me);
}

function respond(
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
