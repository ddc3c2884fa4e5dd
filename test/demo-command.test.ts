import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

test(
  "the demo command serves the app and the provider at the URLs it prints, and ends with SIGTERM",
  { timeout: 60_000 },
  async () => {
    const demo = spawn(process.execPath, ["--import", "tsx", "demo/main.ts"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      let [url, issuer] = ["", ""];
      for await (const line of createInterface(demo.stdout)) {
        issuer ||= /provider runs at (\S+)\. /.exec(line)?.[1] ?? "";
        url = /Open the demo:\s+(\S+)/.exec(line)?.[1] ?? "";
        if (url) break;
      }
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain("<script");
      const metadata = await fetch(`${issuer}/.well-known/openid-configuration`);
      expect(await metadata.json()).toMatchObject({ issuer });
    } finally {
      demo.kill("SIGTERM");
    }
    expect(await once(demo, "exit")).toEqual([0, null]);
  },
);
