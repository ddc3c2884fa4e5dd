import type { IncomingMessage, ServerResponse } from "node:http";
import { handle, listenOnLoopback, type Loopback } from "../../../../demo/server/loopback.ts";
import type { ServerUser } from "../../server.ts";

/** The administration of Hydra, as far as the pages need it. */
export type Admin = (method: string, path: string, body?: object) => Promise<Answer>;

/** The members of Hydra's responses that the pages read. */
interface Answer {
  readonly redirect_to?: string;
  readonly skip?: boolean;
  readonly subject?: string;
  readonly requested_scope?: readonly string[];
  readonly requested_access_token_audience?: readonly string[];
}

/** The pages for the login, the consent and the logout, which Hydra leaves to its administrator. */
export interface HydraPages {
  readonly origin: string;
  close(): Promise<void>;
}

type Form = Readonly<Record<string, string>>;

/** How one kind of page asks the user, and what it tells Hydra. */
interface Step {
  /** The fields and the buttons of the form. */
  readonly html: string;
  /** What Hydra gets when the user need not be asked, as Hydra says by `skip`. */
  skip?(request: Answer): object;
  /** What Hydra gets for the form. `undefined`: the user is asked again. */
  accept(request: Answer, form: Form): object | undefined;
}

/**
 * Starts the pages. They are as small as they can be, and not for production: the forms have no protection against forgery.
 * @see https://www.ory.sh/docs/hydra/guides/custom-ui-oauth2
 */
export async function startHydraPages(
  admin: Admin,
  users: readonly ServerUser[],
): Promise<HydraPages> {
  const loopback = await listenOnLoopback(0);
  const steps = stepsFor(users);
  handle(loopback, (request, response) => {
    answer(request, response, loopback, steps, admin).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  return { origin: loopback.origin, close: () => loopback.close() };
}

function stepsFor(users: readonly ServerUser[]): Readonly<Record<string, Step>> {
  const consent = (request: Answer) => ({
    grant_scope: request.requested_scope,
    grant_access_token_audience: request.requested_access_token_audience,
    remember: true,
    session: { id_token: claims(users, request) },
  });
  return {
    login: {
      html:
        '<input name="user" autocomplete="username"><input name="password" type="password">' +
        '<button name="do" value="accept">Sign in</button><button name="do" value="reject">Cancel</button>',
      skip: ({ subject }) => ({ subject }),
      // Without `remember`, Hydra keeps no session of its own: it asks for each login.
      accept: (_request, { user, password }) =>
        users.some((known) => known.login === user && known.password === password)
          ? { subject: user, remember: true }
          : undefined,
    },
    consent: {
      html: '<button name="do" value="accept">Allow</button><button name="do" value="reject">Deny</button>',
      skip: consent,
      accept: consent,
    },
    logout: { html: '<button name="do" value="accept">Sign out</button>', accept: () => ({}) },
  };
}

/** The names go into the ID token and to the userinfo endpoint only when the app has asked for them. */
function claims(users: readonly ServerUser[], { subject, requested_scope = [] }: Answer): object {
  const user = users.find(({ login }) => login === subject);
  return {
    ...(requested_scope.includes("profile") && { name: user?.name }),
    ...(requested_scope.includes("email") && { email: user?.email }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { origin }: Loopback,
  steps: Readonly<Record<string, Step>>,
  admin: Admin,
): Promise<void> {
  const url = new URL(request.url ?? "/", origin);
  const name = url.pathname.slice(1);
  const step = steps[name];
  const challenge = url.searchParams.get(`${name}_challenge`);
  if (!step || !challenge) {
    response.writeHead(404).end();
    return;
  }
  const path = (verb: string) =>
    `/admin/oauth2/auth/requests/${name}${verb}?${name}_challenge=${encodeURIComponent(challenge)}`;
  const goOn = async (verb: string, body: object) => {
    const { redirect_to: Location } = await admin("PUT", path(verb), body);
    response.writeHead(303, { Location }).end();
  };
  const asked = await admin("GET", path(""));
  if (asked.skip && step.skip) return goOn("/accept", step.skip(asked));
  const form = request.method === "POST" ? await readForm(request) : {};
  if (form["do"] === "reject") {
    return goOn("/reject", { error: "access_denied", error_description: "The user said no." });
  }
  const accepted = form["do"] === "accept" ? step.accept(asked, form) : undefined;
  if (accepted) return goOn("/accept", accepted);
  response.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "no-store" });
  response.end(`<!doctype html><title>${name}</title><form method="post">${step.html}</form>`);
}

async function readForm(request: IncomingMessage): Promise<Form> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
}
