import type { HttpEvent, HttpInterceptorFn, HttpRequest } from "@angular/common/http";
import { DOCUMENT, inject } from "@angular/core";
import { Observable, throwError } from "rxjs";
import type { Auth } from "../core/auth.ts";
import { ConfigurationError } from "../core/errors.ts";
import { isSecureUrl, parseUrl } from "../core/same-origin.ts";
import { RefusedTokens, type GetToken } from "../fetch/refused-tokens.ts";
import { setHeader } from "../fetch/send-authorized.ts";
import { urlRules } from "../fetch/url-rules.ts";
import { injectAuth } from "./provide-auth.ts";

/** Stands for the origin of the page in the rules of the page's own paths. */
const PAGE = "https://page.invalid";

/** The options of `authInterceptor()`: which requests get a token. */
export interface AuthInterceptorConfig {
  /**
   * The URLs to which a token is sent. Each entry is an origin, such as `https://api.example.com`, an origin with a path, or a
   * path of the page's own origin, such as `/api`. A path also allows all paths below it. `createFetch()` compares paths in the
   * same way.
   */
  readonly allow: readonly string[];
  /**
   * The paths to which no token is sent. Each entry is a path or a regular expression. A path also excludes all paths below it.
   */
  readonly exclude?: readonly (string | RegExp)[];
}

/** The result of one attempt. `error` is what the observable of the request failed with. */
interface Attempt {
  readonly status: number;
  readonly error?: unknown;
}

/**
 * Returns an interceptor of `HttpClient` that adds an access token to requests to the allowed URLs. Other requests are sent without
 * a token. If there is no token, a request to an allowed URL is not sent, and fails with the error of `getToken()`. The interceptor
 * never starts a login.
 *
 * If an API responds with 401, the interceptor repeats the request once with a newer token. If the API refuses the newer token too,
 * requests to this API are not repeated for some time.
 *
 * If `allow` has a path and the page comes from neither https nor localhost, a request to this path is not sent, and fails with a
 * ConfigurationError.
 *
 * If `exclude` is given, or an entry of `allow` has a path, redirects of requests with a token are not followed, because a redirect
 * might leave the allowed paths. `HttpClientModule` and `withXhr()` cannot prevent redirects: use `provideHttpClient()`, whose
 * default is `fetch` since Angular 22.
 * @throws ConfigurationError `allow` or `exclude` has an invalid entry
 * @see https://angular.dev/guide/http/interceptors
 * @example
 * import { provideHttpClient, withInterceptors } from "@angular/common/http";
 * const http = provideHttpClient(
 *   withInterceptors([authInterceptor({ allow: ["https://api.example.com", "/api"] })]),
 * );
 */
export function authInterceptor({ allow, exclude }: AuthInterceptorConfig): HttpInterceptorFn {
  const paths = allow.filter((entry) => entry.startsWith("/"));
  const others = urlRules(
    allow.filter((entry) => !paths.includes(entry)),
    exclude,
  );
  // The origin of the page is not known before the first request.
  const own = urlRules(
    paths.map((path) => PAGE + path),
    exclude,
  );
  const hasPaths = others.hasPaths || own.hasPaths;
  const refused = new RefusedTokens();
  return (request, next) => {
    const { auth } = injectAuth();
    const page = inject(DOCUMENT);
    const url = parseUrl(request.urlWithParams, page.baseURI);
    if (!url) return next(request);
    const isOwn = url.origin === page.location.origin && own.covers(PAGE + url.pathname);
    if (!isOwn && !others.covers(url.href)) return next(request);
    if (!isSecureUrl(url)) return throwError(() => insecurePage(url.origin));
    const send = (token: string) => next(authorized(request, token, hasPaths));
    return sendWithToken(auth, refused, url.origin, send);
  };
}

function insecurePage(origin: string): ConfigurationError {
  return new ConfigurationError(
    "allow",
    `the page comes from ${origin}, and a token is sent with https only`,
    "Serve the page from https or from localhost, or remove the path from `allow`.",
  );
}

function authorized<T>(
  request: HttpRequest<T>,
  token: string,
  refusesRedirects: boolean,
): HttpRequest<T> {
  const headers = new Headers();
  setHeader({ headers }, "authorization", `Bearer ${token}`);
  return request.clone({
    setHeaders: { Authorization: headers.get("authorization")! },
    ...(refusesRedirects && { redirect: "error" as const }),
  });
}

/** Sends a request with a token, and after a 401 response perhaps once more. Passes each event on. */
function sendWithToken(
  auth: Pick<Auth, "getToken">,
  refused: RefusedTokens,
  origin: string,
  send: (token: string) => Observable<HttpEvent<unknown>>,
): Observable<HttpEvent<unknown>> {
  return new Observable((subscriber) => {
    const unsubscribed = new AbortController();
    const { signal } = unsubscribed;
    const getToken: GetToken = (options) => auth.getToken(options);
    const attempt = (token: string) =>
      new Promise<Attempt>((resolve) => {
        const sent = send(token).subscribe({
          next: (event) => subscriber.next(event),
          complete: () => resolve({ status: 200 }),
          error: (error: unknown) => resolve({ status: statusOf(error), error }),
        });
        subscriber.add(sent);
      });
    const run = async () => {
      const token = await getToken({ prompt: "none", signal });
      signal.throwIfAborted();
      const first = await attempt(token);
      const second =
        first.status === 401
          ? await refused.retry({ origin, token, getToken, signal }, attempt)
          : undefined;
      const { error } = second ?? first;
      if (error === undefined) subscriber.complete();
      else subscriber.error(error);
    };
    run().catch((error: unknown) => subscriber.error(error));
    return () => unsubscribed.abort();
  });
}

/** Returns the status of an `HttpErrorResponse`, and 0 for any other error. */
function statusOf(error: unknown): number {
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === "number" ? status : 0;
}
