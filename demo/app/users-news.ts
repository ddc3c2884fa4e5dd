const NAME = "demo/users";

// A channel does not hear itself, but another one of the same tab does.
const mouth = new BroadcastChannel(NAME);
const ear = new BroadcastChannel(NAME);

/** Tells all pages, this one too, that the list of remembered users is another one now. */
export function usersChanged(): void {
  mouth.postMessage("");
}

export function onUsersChanged(listener: () => void): void {
  ear.addEventListener("message", listener);
}
