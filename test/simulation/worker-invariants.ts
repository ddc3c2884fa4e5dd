import { hasFault, type Evidence } from "./judge.ts";
import { all, type Of } from "./trace.ts";

/** A page refreshes by itself after this time without a worker, plus the time that messages take. Milliseconds. */
const CONTINUES_MS = 1_010;

/** No message between a page and a worker has a token. No message of a worker reaches a page in the bfcache and evicts it. */
export function portsAreSafe({ trace }: Evidence): string | undefined {
  const told = all(trace, "port").find(({ message }) => JSON.stringify(message).includes("~"));
  if (told) return `${told.from} sent ${JSON.stringify(told.message)}`;
  const evicted = all(trace, "evicted")[0];
  return evicted && `a worker sent a message to ${evicted.tab} in the bfcache`;
}

/** A page whose worker does not respond, or dies during a refresh, refreshes by itself within a second. */
export function pagesContinue({ trace, mix }: Evidence): string | undefined {
  // The code of such a page does not run all the time, and storage may take its own time.
  if (!mix.faults.has("worker") || hasFault(mix, "freeze", "hang", "bfcache")) return undefined;
  const gone = new Map(
    all(trace, "fault")
      .filter(({ kind }) => kind === "gone")
      .map(({ tab, t }) => [tab, t]),
  );
  const isAlive = (tab: string, at: number) => (gone.get(tab) ?? Infinity) > at;
  const ports = all(trace, "port");
  const own = all(trace, "own");
  const isOf = (port: Of<"port">, type: string, id: unknown) => {
    const message = port.message as { type: string; id?: number; protocol: number };
    return message.type === type && message.id === id && message.protocol === 1;
  };
  for (const { from: page, to: worker, message, t } of ports) {
    const { type, id } = message as { type: string; id?: number };
    if (type !== "refresh" || !worker.startsWith("w")) continue;
    const responses = ports.filter(
      (port) => port.from === worker && port.to === page && port.t >= t,
    );
    const accepted = responses.find(
      (port) => isOf(port, "accepted", id) && port.t < t + CONTINUES_MS,
    );
    const settled = responses.find((port) => isOf(port, "settled", id));
    const aborted = ports.find(
      (port) => port.from === page && port.to === worker && isOf(port, "abort", id),
    );
    const lateAt = accepted && !settled ? gone.get(worker) : accepted ? undefined : t;
    if (lateAt === undefined || !isAlive(page, lateAt + CONTINUES_MS)) continue;
    if (aborted && aborted.t < lateAt + CONTINUES_MS) continue;
    const isInTime = (at: number) => at <= lateAt + CONTINUES_MS;
    const continues =
      own.some((event) => event.tab === page && event.t >= t && isInTime(event.t)) ||
      ports.some((port) => port.from === page && port.t > lateAt && isInTime(port.t));
    if (!continues) return `${page} waited for ${worker}, which did not respond after ${lateAt}`;
  }
  return undefined;
}
