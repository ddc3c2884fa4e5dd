/**
 * Whether this code runs in a page that can use shared workers. Web Locks are needed, too: without them a page cannot learn that
 * a worker has ended.
 */
export function hasSharedWorkers(): boolean {
  return typeof document === "object" && typeof SharedWorker === "function" && "locks" in navigator;
}
