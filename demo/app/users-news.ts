const NAME = "demo/users";

// Two channels, because a BroadcastChannel does not receive its own messages.
const sender = new BroadcastChannel(NAME);
const receiver = new BroadcastChannel(NAME);

/** Tells all pages, including this one, that the list of remembered users has changed. */
export function usersChanged(): void {
  sender.postMessage("");
}

export function onUsersChanged(listener: () => void): void {
  receiver.addEventListener("message", listener);
}
