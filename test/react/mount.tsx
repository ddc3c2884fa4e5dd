import { act, StrictMode, type ReactNode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { afterEach, beforeEach, vi, type Mock } from "vitest";
import { AuthProvider } from "../../src/react.ts";
import type { Auth } from "../../src/core/auth.ts";

const roots: Root[] = [];

/** The warnings of React about the code under test. */
export const complaints: Mock<(...args: unknown[]) => void> = vi.fn();

beforeEach(() => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  complaints.mockReset();
  vi.spyOn(console, "error").mockImplementation(complaints);
});
afterEach(async () => {
  await act(async () => roots.splice(0).forEach((root) => root.unmount()));
  vi.restoreAllMocks();
  document.body.replaceChildren();
});

export interface Mounted {
  readonly element: HTMLElement;
  readonly render: (children: ReactNode) => Promise<void>;
  readonly unmount: () => Promise<void>;
}

/** Mounts inside a provider of `auth` and StrictMode, which runs every effect twice. */
export async function mount(auth: Auth, children: ReactNode): Promise<Mounted> {
  const element = document.body.appendChild(document.createElement("main"));
  const root = createRoot(element);
  roots.push(root);
  const mounted: Mounted = {
    element,
    render: (children) =>
      act(async () =>
        root.render(
          <StrictMode>
            <AuthProvider auth={auth}>{children}</AuthProvider>
          </StrictMode>,
        ),
      ),
    unmount: () => act(async () => root.unmount()),
  };
  await mounted.render(children);
  return mounted;
}
