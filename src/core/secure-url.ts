/** Whether a URL of this protocol and host may carry secrets: https, or http that stays on this machine. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  return (
    protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname))
  );
}
