/** Moves the page's clock forward. A tab that opens later gets the offset of the others by `?slept=` in its URL. */
export function sleep(ms: number): void {
  sleptMs += ms;
}

let sleptMs = Number(new URLSearchParams(location.search).get("slept"));
const now = Date.now.bind(Date);
Date.now = () => now() + sleptMs;
