/** Moves the page's clock on. A tab that is opened later begins where the others are: `?slept=` in its URL. */
export function sleep(ms: number): void {
  sleptMs += ms;
}

let sleptMs = Number(new URLSearchParams(location.search).get("slept"));
const now = Date.now.bind(Date);
Date.now = () => now() + sleptMs;
