import { fileURLToPath } from "node:url";
import { handle, listenOnLoopback } from "../../demo/server/loopback.ts";
import { serveBuild } from "../../demo/server/site.ts";

const PAGE = { base: "/", root: fileURLToPath(new URL("../e2e/ui-page", import.meta.url)) };

/** The strictest policy: no inline style, no `eval`, and HTML from strings only in lit's templates. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src https:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types lit-html",
].join("; ");

/** Serves the built page with the four elements, under a strict Content Security Policy. */
export async function startUiPage(): Promise<{ url: string; close: () => Promise<void> }> {
  const loopback = await listenOnLoopback(0);
  const site = await serveBuild([PAGE], "http://localhost:*");
  handle(loopback, (request, response) => {
    const writeHead = response.writeHead.bind(response);
    response.writeHead = ((status: number, headers: Record<string, string>) =>
      writeHead(status, {
        ...headers,
        "Content-Security-Policy": POLICY,
      })) as typeof response.writeHead;
    site.listener(request, response);
  });
  return {
    url: `${loopback.origin}/`,
    close: async () => {
      await site.close();
      await loopback.close();
    },
  };
}
