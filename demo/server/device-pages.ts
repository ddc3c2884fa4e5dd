import { Html, html } from "./html.ts";
import { noticePage, page } from "./pages.ts";
import type { DemoUser } from "./users.ts";

/**
 * The pages on the phone in a device login.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */

export function deviceCodePage(form: string, problem: string | undefined): string {
  return page(
    "Connect a device",
    html`${SCENE}
      <h1>Connect a device</h1>
      <p class="lead ${problem ? "problem" : ""}" ${problem ? new Html('role="alert"') : ""}>
        ${problem ?? "Enter the code that the device shows."}
      </p>
      ${new Html(form.replace(/ onfocus="[^"]*"/, ' aria-label="Code"'))}
      <p class="buttons"><button form="op.deviceInputForm" class="primary">Continue</button></p>`,
  );
}

export interface DeviceConfirmPage {
  readonly form: string;
  readonly client: string;
  readonly userCode: string;
  /** The user that is logged in here and will be on the device. */
  readonly user: DemoUser | undefined;
}

export function deviceConfirmPage({ form, client, userCode, user }: DeviceConfirmPage): string {
  return page(
    "Connect a device",
    html`${SCENE}
      <h1>Is this your device?</h1>
      <p class="lead"><strong>${client}</strong> must show this code:</p>
      <p class="code" translate="no">${userCode}</p>
      ${user && identity(user)} ${new Html(form)}
      <p class="buttons">
        <button form="op.deviceConfirmForm" class="primary" autofocus>Yes, continue</button>
        <button form="op.deviceConfirmForm" name="abort" value="yes" class="quiet">
          No, cancel
        </button>
      </p>`,
  );
}

export function deviceConnectedPage(user: DemoUser | undefined): string {
  const signedIn = user ? `It is signed in as ${user.name}. ` : "";
  return noticePage("Your device is connected", `${signedIn}You can close this page.`, "good");
}

export function deviceRefusedPage(): string {
  return noticePage(
    "The device stays signed out",
    "You declined the request. You can close this page.",
    "bad",
  );
}

function identity(user: DemoUser): Html {
  return html`<p class="identity">
    <img src="/users/${user.sub}.svg" alt="" width="36" height="36" />
    <span class="who"><span>You are signed in as</span><b>${user.name}</b></span>
  </p>`;
}

/** A drawing of a screen and a phone. */
const SCENE = html`<svg
  viewBox="0 0 120 56"
  width="120"
  height="56"
  aria-hidden="true"
  class="scene"
>
  <rect x="1.5" y="1.5" width="76" height="44" rx="6" />
  <path d="M26 54.5h27M39.5 46v8" />
  <path d="M84 23.5h11" stroke-dasharray="0.1 5" />
  <rect x="100.5" y="9.5" width="18" height="36" rx="4.5" />
  <path d="M107.5 40h4" />
  <path class="in" d="M33 23.5l5 5L47.5 18" />
</svg>`;
