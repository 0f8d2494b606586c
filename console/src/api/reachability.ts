// Whether the gateway answers: since when it has not, so that one banner can say so and pages can grey what is old.
import { Observed, useObserved } from "./observed";

/** When the gateway answered last, in milliseconds, while it does not answer; `null` when it does. */
export const silentSince = new Observed<number | null>(null);

let lastAnswer = Date.now();

/** The gateway answered, with whatever status. */
export function noteResponse(now = Date.now()): void {
  lastAnswer = now;
  silentSince.set(null);
}

/** A call got no answer. Calls that began before the last answer say nothing about now. */
export function noteNoResponse(began: number): void {
  if (began >= lastAnswer) silentSince.set(lastAnswer);
}

export const useSilentSince = (): number | null => useObserved(silentSince);
