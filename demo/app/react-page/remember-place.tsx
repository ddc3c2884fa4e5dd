import { useSyncExternalStore, type ReactElement } from "react";
import type { LatchkeyRemember } from "../../../src/ui.ts";
import { rememberPlace } from "../prompts.ts";

/** The place of the question whether to stay signed in. */
export function RememberPlace(): ReactElement {
  const isOpen = useSyncExternalStore(rememberPlace.subscribe, rememberPlace.isOpen);
  return (
    <div className="remember" id="remember" hidden={!isOpen}>
      <latchkey-remember inline />
    </div>
  );
}

declare module "react/jsx-runtime" {
  namespace JSX {
    interface IntrinsicElements {
      "latchkey-remember": Partial<Pick<LatchkeyRemember, "inline">>;
    }
  }
}
