import { useEffect, useState } from "react";

/** Returns the seconds that remain until a time. `until`: milliseconds since the epoch. */
export function useSecondsLeft(until: number | undefined): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / 1000));
}
