import { checkServer } from "../../../src/check/check-server.ts";
import { holds, must, type Row } from "../row.ts";
import { PATHS } from "../server.ts";

/** `latchkey check` must agree with the list: nothing to change for the app of the list, and something for other apps. */
export const CHECK: readonly Row[] = [
  {
    id: "check",
    title: "`latchkey check`",
    async run({ server, site, strangeSite }) {
      const { issuer = "", clientId } = server.config;
      const check = async (clientId: string | undefined, redirectUri: string) => {
        const begun = performance.now();
        const { findings } = await checkServer({ issuer, clientId, redirectUri });
        must(performance.now() - begun < 15_000, "the check took more than 15 s");
        return findings;
      };
      const redirectUri = site.origin + PATHS.page;
      const right = await check(clientId, redirectUri);
      const wrong = right.filter(({ mark, topic }) => mark === "change" && topic !== "scopes");
      must(wrong.length === 0, `must change: ${JSON.stringify(wrong)}`);
      const sees = (findings: typeof right, topic: RegExp) =>
        findings.some(({ mark, topic: name }) => mark !== "ok" && topic.test(name));
      const blind = [
        !sees(await check("nobody", redirectUri), /login|endpoint/) && "an unknown client",
        !sees(await check(clientId, `${site.origin}${PATHS.unknown}`), /login/) &&
          "a redirect URI that is not registered",
        !sees(await check(clientId, strangeSite.origin + PATHS.page), /CORS/) &&
          "an origin that CORS does not allow",
      ].filter((what) => what !== false);
      return blind.length === 0 ? holds() : holds(`does not see ${blind.join(" and ")}`);
    },
  },
];
