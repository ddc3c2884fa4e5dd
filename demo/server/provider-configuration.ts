import {
  errors,
  type AdapterFactory,
  type ClientMetadata,
  type Configuration,
  type JWK,
  type KoaContextWithOIDC,
} from "oidc-provider";
import * as devicePages from "./device-pages.ts";
import { loadExistingGrant, policy } from "./interactions.ts";
import * as pages from "./pages.ts";
import { claimsOf, findUser } from "./users.ts";

export interface ConfigurationInput {
  readonly issuer: string;
  readonly clientId: string;
  readonly moreClients: readonly ClientMetadata[];
  readonly origins: readonly string[];
  readonly redirectPaths: readonly string[];
  readonly postLogoutPaths: readonly string[];
  readonly key: JWK;
  readonly cookieKey: string;
  readonly adapter: AdapterFactory;
  readonly accessTokenTtl: () => number;
  readonly deviceCodeTtl: () => number;
}

const DAY = 24 * 60 * 60;

/** A strict server: PKCE is required and refresh tokens rotate. A second use of a refresh token ends the grant. */
export function configuration(input: ConfigurationInput): Configuration {
  const { issuer, origins } = input;
  const everywhere = (paths: readonly string[]): string[] =>
    origins.flatMap((origin) => paths.map((path) => origin + path));

  return {
    adapter: input.adapter,
    jwks: { keys: [input.key] },
    cookies: { keys: [input.cookieKey] },
    clients: [
      {
        client_id: input.clientId,
        client_name: "Latchkey demo",
        token_endpoint_auth_method: "none",
        grant_types: [
          "authorization_code",
          "refresh_token",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
        response_types: ["code"],
        redirect_uris: everywhere(input.redirectPaths),
        post_logout_redirect_uris: everywhere(input.postLogoutPaths),
        id_token_signed_response_alg: "ES256",
      },
      {
        client_id: "latchkey-tv",
        client_name: "Living-room TV",
        token_endpoint_auth_method: "none",
        grant_types: ["refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: "ES256",
      },
      ...input.moreClients,
    ],
    responseTypes: ["code"],
    pkce: { required: () => true },
    clientBasedCORS: (_ctx, origin) => origins.includes(origin),
    enabledJWA: { idTokenSigningAlgValues: ["ES256"] },

    claims: {
      openid: ["sub"],
      profile: ["name", "given_name", "family_name", "picture"],
      email: ["email", "email_verified"],
    },
    // The ID token contains name and picture, so that apps need no userinfo request.
    conformIdTokenClaims: false,
    findAccount: (_ctx, sub) => {
      const user = findUser(sub);
      return user && { accountId: user.sub, claims: () => claimsOf(user, issuer) };
    },
    interactions: {
      policy: policy(),
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    loadExistingGrant,

    // Issue a refresh token also without offline_access and a consent page. It outlives the session at the provider.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed("refresh_token"),
    expiresWithSession: () => false,
    rotateRefreshToken: true,
    ttl: {
      AccessToken: input.accessTokenTtl,
      ClientCredentials: input.accessTokenTtl,
      AuthorizationCode: 60,
      DeviceCode: input.deviceCodeTtl,
      Grant: 14 * DAY,
      IdToken: 60 * 60,
      Interaction: 60 * 60,
      RefreshToken: 14 * DAY,
      Session: 14 * DAY,
    },

    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      deviceFlow: {
        enabled: true,
        userCodeInputSource: (ctx, form, _out, error) => {
          // AbortedError: the user declined the request, so the code is not the problem.
          ctx.body =
            error?.name === "AbortedError"
              ? devicePages.deviceRefusedPage()
              : devicePages.deviceCodePage(
                  form,
                  error && "That code does not work. Check it and try again.",
                );
        },
        userCodeConfirmSource: (ctx, form, client, _info, userCode) => {
          ctx.body = devicePages.deviceConfirmPage({
            form,
            client: client.clientName ?? client.clientId,
            userCode,
            user: findUser(ctx.oidc.session?.accountId),
          });
        },
        successSource: (ctx) => {
          ctx.body = devicePages.deviceConnectedPage(findUser(ctx.oidc.session?.accountId));
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, resource) => {
          if (!origins.includes(new URL(resource).origin)) throw new errors.InvalidTarget();
          return {
            scope: "api:read api:write",
            accessTokenFormat: "opaque",
            accessTokenTTL: input.accessTokenTtl(),
          };
        },
      },
      rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource: signedOut },
    },
    renderError: (ctx, out) => {
      ctx.type = "html";
      ctx.body = pages.noticePage("That did not work", out.error_description ?? out.error);
    },
  };
}

function logoutSource(ctx: KoaContextWithOIDC, form: string): void {
  const { entities, session } = ctx.oidc;
  const isHinted =
    session?.accountId !== undefined && entities.IdTokenHint?.payload["sub"] === session.accountId;
  ctx.body = isHinted
    ? pages.logoutAtOncePage(form)
    : pages.logoutPage(form, findUser(session?.accountId));
}

function signedOut(ctx: KoaContextWithOIDC): void {
  ctx.body = pages.noticePage("You are signed out", "You can close this page.");
}
