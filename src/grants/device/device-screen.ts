import type { DeviceAuthorization } from "../../core/authorization-server.ts";
import type { DeviceChoice, DevicePrompt, DeviceStatus } from "../../core/device-prompt.ts";

interface Shown {
  readonly code: DeviceAuthorization;
  readonly ended: AbortController;
  readonly listeners: Set<(status: DeviceStatus) => void>;
  status: DeviceStatus;
}

/** Shows device codes in the app's prompt, one code at a time. */
export class DeviceScreen {
  readonly #prompt: DevicePrompt;
  readonly #onDismiss: () => void;
  #shown: Shown | undefined;

  constructor(prompt: DevicePrompt, onDismiss: () => void) {
    this.#prompt = prompt;
    this.#onDismiss = onDismiss;
  }

  /** The code that is shown now. */
  get code(): DeviceAuthorization | undefined {
    return this.#shown?.code;
  }

  /** If `code` is already shown, does nothing. Otherwise hides the previous code and shows `code`. */
  show(code: DeviceAuthorization): void {
    if (this.code?.userCode === code.userCode) return;
    this.end("cancelled");
    const shown: Shown = {
      code,
      ended: new AbortController(),
      listeners: new Set(),
      status: "waiting",
    };
    this.#shown = shown;
    this.#ask(shown).then(
      (choice) => {
        if (choice?.type === "dismiss" && this.#shown === shown) this.#onDismiss();
      },
      (error: unknown) => {
        // A prompt might reject because its signal was aborted. Such a rejection is not an error.
        if (!shown.ended.signal.aborted) report(error);
      },
    );
  }

  /** If the status has changed, passes `status` to the listeners of the prompt. */
  tell(status: DeviceStatus): void {
    const shown = this.#shown;
    if (!shown || shown.status === status) return;
    shown.status = status;
    for (const listener of [...shown.listeners]) call(listener, status);
  }

  /**
   * Passes the last `status` to the listeners of the prompt. Then aborts the prompt's signal, so that the prompt hides the
   * code.
   */
  end(status: DeviceStatus): void {
    this.tell(status);
    this.#shown?.ended.abort();
    this.#shown = undefined;
  }

  async #ask({ code, ended, listeners }: Shown): Promise<DeviceChoice | void> {
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
        signal: ended.signal,
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

/** Reports an error of the app's prompt as an uncaught error. The error does not end the login. */
function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
