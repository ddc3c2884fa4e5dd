import { createClient, DeviceCodeGrant, isAuthError } from "../../../src/confidential.ts";

/**
 * Logs a user in from a terminal, without a browser on this machine. Run it with
 * `npx tsx test/examples/terminal/login.ts https://id.example.com my-client`. In your own app, import from
 * `latchkey/confidential`.
 */

const [issuer = "http://localhost:4700", clientId = "latchkey-demo"] = process.argv.slice(2);

// Ctrl+C aborts the login. A second Ctrl+C ends the process at once, because the listener is gone.
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());

await using client = createClient({
  issuer,
  clientId,
  // A program that users install cannot keep a secret, so the client is a public client.
  authentication: { method: "none" },
  scope: ["openid", "profile"],
  grant: (server, parts) =>
    new DeviceCodeGrant(server, {
      ...parts,
      prompt: {
        showCode: ({ userCode, verificationUri }) => {
          console.log(`Open ${verificationUri} on any device and enter the code ${userCode}`);
        },
      },
    }),
});

try {
  const { user } = await client.getTokenSet({ signal: interrupted.signal });
  console.log(`Hello, ${user?.name ?? user?.sub ?? "user without a name"}`);
} catch (error) {
  if (interrupted.signal.aborted) {
    console.error("The login was cancelled.");
    process.exitCode = 130;
  } else if (isAuthError(error)) {
    // `denied`, `expired`, an unknown client, no network: the message says what happened and what to do.
    console.error(error.message);
    process.exitCode = error.code === "device_code" ? 2 : 1;
  } else throw error;
}
