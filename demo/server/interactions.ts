import type { IncomingMessage, ServerResponse } from "node:http";
import { interactionPolicy, type KoaContextWithOIDC } from "oidc-provider";
import type Provider from "oidc-provider";
import { readAll } from "./body.ts";
import { loginPage } from "./pages.ts";
import { findUser, users } from "./users.ts";

const { Check, Prompt, base } = interactionPolicy;

/** When the provider shows a page: without a session, for another user's `login_hint`, and to choose an account. */
export function policy(): interactionPolicy.DefaultPolicy {
  const prompts = base();
  prompts.remove("consent");
  prompts.add(new Prompt({ name: "consent", requestable: true }));
  prompts.add(new Prompt({ name: "select_account", requestable: true }), 0);
  prompts.get("login")?.checks.push(
    new Check("login_hint", "login_hint names another user", "login_required", ({ oidc }) => {
      const hinted = findUser(oidc.params?.["login_hint"]);
      const asked = oidc.result?.login !== undefined;
      return !asked && hinted !== undefined && hinted.sub !== oidc.session?.accountId;
    }),
  );
  return prompts;
}

/** The user's grant for this client, with everything the request asks for: this provider has no consent page. */
export async function loadExistingGrant({
  oidc,
}: KoaContextWithOIDC): Promise<InstanceType<Provider["Grant"]> | undefined> {
  const { client, session, provider } = oidc;
  const accountId = session?.accountId;
  if (!client || !session || !accountId) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known === undefined ? undefined : await provider.Grant.find(known);
  const grant =
    found?.accountId === accountId
      ? found
      : new provider.Grant({ clientId: client.clientId, accountId });
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(" "));
  grant.addOIDCClaims([...oidc.requestParamClaims]);
  for (const [resource, { scope }] of Object.entries(oidc.resourceServers ?? {}))
    grant.addResourceScope(resource, scope);
  await grant.save();
  return grant;
}

export interface Interactions {
  /** Completes a request with a `login_hint` without a page. */
  readonly autoLogin: boolean;
}

/** Serves `/interaction/…`. */
export async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  { autoLogin }: Interactions,
): Promise<void> {
  const { uid, prompt, params, session } = await provider.interactionDetails(request, response);
  const finish = (result: Parameters<Provider["interactionFinished"]>[2]): Promise<void> =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  const responses = (sub: string): Record<string, object> => ({
    login: { accountId: sub, amr: ["pwd"] },
    select_account: {},
    consent: {},
  });

  if (new URL(request.url ?? "/", provider.issuer).pathname.endsWith("/cancel")) {
    return finish({ error: "access_denied", error_description: "the user cancelled" });
  }
  if (prompt.name === "consent") {
    return finish({
      login: { accountId: session?.accountId ?? "" },
      consent: {},
      select_account: {},
    });
  }

  const hinted = findUser(params["login_hint"]);
  if (request.method === "POST") {
    const chosen = findUser(new URLSearchParams(await readAll(request)).get("user"));
    if (chosen) return finish(responses(chosen.sub));
  } else if (autoLogin && hinted) {
    return finish(responses(hinted.sub));
  }

  const client = await provider.Client.find(String(params["client_id"]));
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(
    loginPage({
      uid,
      client: client?.clientName ?? client?.clientId ?? "an app",
      users,
      hinted,
      current: findUser(session?.accountId),
    }),
  );
}
