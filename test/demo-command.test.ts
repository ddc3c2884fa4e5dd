import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

/** All that the command prints, when its ports are free and when they are taken. */
const OWN_LINES = [
  /^(Port 5173 is taken; the app uses \d+\.\n)?(Port 4700 is taken; the identity provider uses \d+\.\n)?/,
  /The identity provider runs at http:\/\/localhost:\d+\. Ctrl\+C stops everything\.\n/,
  /\n  Open the demo: {2}http:\/\/localhost:\d+\/\n\n$/,
];

test(
  "the demo command serves the app and the provider at the URLs it prints, prints nothing else, and ends with SIGTERM",
  { timeout: 60_000 },
  async () => {
    const demo = spawn(process.execPath, ["--import", "tsx", "demo/main.ts"], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let errors = "";
    demo.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    const printed: string[] = [];
    const lines = createInterface(demo.stdout);
    try {
      const url = await new Promise<string>((resolve, reject) => {
        lines.on("line", (line) => {
          printed.push(line);
          const [, found] = /Open the demo:\s+(\S+)/.exec(line) ?? [];
          if (found !== undefined) resolve(found);
        });
        demo.once("exit", () => reject(new Error(`the demo ended: ${errors}`)));
      });
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain("<script");
      // Vite compiles each module when it is requested.
      for (const path of [
        "main.ts",
        "react-page/main.tsx",
        "tv.ts",
        "auth-worker.ts?worker_file",
      ]) {
        expect((await fetch(`${url}${path}`)).status).toBe(200);
      }
      const [, issuer = ""] = /provider runs at (\S+)\. /.exec(printed.join("\n")) ?? [];
      const metadata = await fetch(`${issuer}/.well-known/openid-configuration`);
      expect(await metadata.json()).toMatchObject({ issuer });
      // The provider writes notices when a page of its own is missing.
      expect((await fetch(`${issuer}/device`)).status).toBe(200);
      expect((await fetch(`${issuer}/session/end`)).status).toBe(200);
      expect((await fetch(`${issuer}/auth`)).status).toBe(400);
    } finally {
      demo.kill("SIGTERM");
    }
    expect(await once(demo, "close")).toEqual([0, null]);
    const pattern = new RegExp(OWN_LINES.map(({ source }) => source).join(""));
    expect(printed.map((line) => `${line}\n`).join("")).toMatch(pattern);
    expect(errors).toBe("");
  },
);
