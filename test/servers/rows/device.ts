import { openTab } from "../../support/browser.ts";
import { openApp, passServerPages, startLogin, until } from "../app.ts";
import { eventually, holds, lacks, must, metadataOf, type Row } from "../row.ts";
import { ADA } from "../server.ts";

/** A device login in the page, approved in another browser. */
export const DEVICE: readonly Row[] = [
  {
    id: "device",
    title: "device login",
    async run(bench) {
      const { device_authorization_endpoint: endpoint } = await metadataOf(bench);
      if (!endpoint) return lacks("its metadata has no device authorization endpoint");
      const app = await openApp(bench, { by: "device" });
      await until(app.page, "anonymous");
      await startLogin(app.page);
      const shown = await eventually("a code", () =>
        app.page.evaluate(() => window.deviceCodes[0] ?? window.loginError),
      );
      if ("code" in shown) return lacks(`${shown.code}: ${shown.message.split("\n")[0]}`);
      const phone = await bench.browser.createBrowserContext();
      try {
        const { page } = await openTab(phone);
        await page.goto(shown.verificationUriComplete ?? shown.verificationUri);
        const { userCode } = bench.server.pages;
        if (userCode && (await page.$(userCode))) {
          const isEmpty = await page.$eval(userCode, (input) => !(input as HTMLInputElement).value);
          if (isEmpty) await page.type(userCode, shown.userCode);
        }
        await bench.server.approveDevice?.(page, ADA, shown.userCode);
        if (!bench.server.approveDevice) await passServerPages(bench, page, ADA).catch(() => {});
        await until(app.page, "authenticated", 40_000);
      } finally {
        await phone.close();
      }
      must(await app.page.evaluate(() => window.auth.getToken()), "no token");
      return holds();
    },
  },
];
