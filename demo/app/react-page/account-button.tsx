import type { ReactElement } from "react";
import { useAuth } from "../../../src/react.ts";
import type { LatchkeyButton } from "../../../src/ui.ts";
import { popupLabels } from "../popup-labels.ts";
import { loginOptions, logoutOptions } from "./login-options.ts";

/** A custom element in React 19, which sets props as properties of the element. */
export function AccountButton(): ReactElement {
  const { auth } = useAuth();
  return (
    <latchkey-button
      auth={auth}
      loginOptions={loginOptions}
      logoutOptions={logoutOptions}
      strings={popupLabels}
    />
  );
}

declare module "react/jsx-runtime" {
  namespace JSX {
    interface IntrinsicElements {
      "latchkey-button": Partial<
        Pick<LatchkeyButton, "auth" | "loginOptions" | "logoutOptions" | "strings">
      >;
    }
  }
}
