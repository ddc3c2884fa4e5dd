import { createAuth } from "../../src/index.ts";
import { DeviceCodeGrant, RefreshGrant } from "../../src/parts.ts";
import { defineLatchkeyElements } from "../../src/ui.ts";
import { elementOf } from "./element.ts";
import { issuer } from "./issuer.ts";

defineLatchkeyElements();

const device = elementOf("latchkey-device");
device.strings = {
  deviceHelp:
    "This demo runs on this computer alone, so a phone cannot open the QR code. Open this page in another window, and enter the code:",
};

/** The television's `Auth`: a separate client that logs in with a code on another device. */
export const tvAuth = createAuth({
  issuer,
  clientId: "latchkey-tv",
  redirectUri: "/tv",
  scope: ["openid", "profile", "email"],
  grant: (parts) =>
    new RefreshGrant(new DeviceCodeGrant(parts.server, { ...parts, prompt: device }), parts),
});
