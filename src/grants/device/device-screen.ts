import type { DeviceAuthorization } from "../../core/authorization-server.ts";
import type { DeviceChoice, DevicePrompt, DeviceStatus } from "../../core/device-prompt.ts";

interface Shown {
  readonly code: DeviceAuthorization;
  readonly over: AbortController;
  readonly listeners: Set<(status: DeviceStatus) => void>;
  status: DeviceStatus;
}

/** What one call shows: a code, once, however often it is shown, and at most one at a time. */
export class DeviceScreen {
  readonly #prompt: DevicePrompt;
  readonly #onDismiss: () => void;
  #shown: Shown | undefined;

  constructor(prompt: DevicePrompt, onDismiss: () => void) {
    this.#prompt = prompt;
    this.#onDismiss = onDismiss;
  }

  /** The code that can be seen now. */
  get code(): DeviceAuthorization | undefined {
    return this.#shown?.code;
  }

  show(code: DeviceAuthorization): void {
    if (this.code?.userCode === code.userCode) return;
    this.end("cancelled");
    const shown: Shown = {
      code,
      over: new AbortController(),
      listeners: new Set(),
      status: "waiting",
    };
    this.#shown = shown;
    this.#ask(shown).then(
      (choice) => {
        if (choice?.type === "dismiss" && this.#shown === shown) this.#onDismiss();
      },
      (error: unknown) => {
        // A prompt that is over may end with its signal's reason.
        if (!shown.over.signal.aborted) report(error);
      },
    );
  }

  tell(status: DeviceStatus): void {
    const shown = this.#shown;
    if (!shown || shown.status === status) return;
    shown.status = status;
    for (const listener of [...shown.listeners]) call(listener, status);
  }

  end(status: DeviceStatus): void {
    this.tell(status);
    this.#shown?.over.abort();
    this.#shown = undefined;
  }

  async #ask({ code, over, listeners }: Shown): Promise<DeviceChoice | void> {
    const { userCode, verificationUri, verificationUriComplete, expiresAt } = code;
    const shown = this.#shown;
    return this.#prompt.showCode(
      {
        userCode,
        verificationUri,
        ...(verificationUriComplete !== undefined && { verificationUriComplete }),
        expiresAt,
      },
      {
        signal: over.signal,
        subscribe: (listener) => {
          listeners.add(listener);
          call(listener, shown?.status ?? "waiting");
          return () => {
            listeners.delete(listener);
          };
        },
      },
    );
  }
}

function call(listener: (status: DeviceStatus) => void, status: DeviceStatus): void {
  try {
    listener(status);
  } catch (error) {
    report(error);
  }
}

/** As uncaught: it is the app's own, and stops nobody. */
function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
