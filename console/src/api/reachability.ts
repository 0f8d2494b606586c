// Whether the gateway responds, and since when it does not: for one banner, and for pages that grey their old data.
import { Observed, useObserved } from "./observed";

/** The time of the last response, in milliseconds, while the gateway does not respond; `null` while it does. */
export const silentSince = new Observed<number | null>(null);

let lastAnswer = Date.now();

/** Notes a response of any status. */
export function noteResponse(now = Date.now()): void {
  lastAnswer = now;
  silentSince.set(null);
}

/** Notes a call without a response. A call that began before the last response says nothing about now. */
export function noteNoResponse(began: number): void {
  if (began >= lastAnswer) silentSince.set(lastAnswer);
}

export const useSilentSince = (): number | null => useObserved(silentSince);
