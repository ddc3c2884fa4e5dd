import type { Auth } from "latchkey";

/** Shows a button to sign in, or the user's name, in `element`. Returns a function that ends this. */
export function showAccount(auth: Auth, element: HTMLElement): () => void {
  const render = () => {
    const { state } = auth;
    const button = document.createElement("button");
    if (state.status === "authenticated") {
      button.textContent = "Sign out";
      button.onclick = () => void auth.logout();
      element.replaceChildren(`Hello ${state.user.name}. `, button);
    } else if (state.status === "anonymous" || state.status === "expired") {
      button.textContent = state.status === "expired" ? "Sign in again" : "Sign in";
      button.onclick = () => void auth.login({ returnTo: "/account" }).catch(() => {});
      const error = "error" in state ? state.error : undefined;
      element.replaceChildren(button, error?.code === "network" ? " You are offline." : "");
    } else {
      element.replaceChildren();
    }
  };
  render();
  return auth.subscribe(render);
}
