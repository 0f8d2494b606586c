// The targets of an agent in words: how each stands, and whether enough of them do.
import type { UpstreamTarget } from "../api/schemas";
import type { MarkTone } from "../parts/Mark";

interface State {
  word: string;
  tone: MarkTone;
  meaning: string;
}

export const STATES: Record<UpstreamTarget["state"], State> = {
  healthy: { word: "healthy", tone: "ok", meaning: "It takes requests." },
  slow: {
    word: "slow start",
    tone: "note",
    meaning: "It is new or has come back, and its share of the requests grows.",
  },
  ejected: { word: "ejected", tone: "bad", meaning: "Too many requests in a row failed there." },
  unhealthy: { word: "unhealthy", tone: "bad", meaning: "Its health checks fail." },
  draining: {
    word: "draining",
    tone: "warn",
    meaning: "It takes no new requests, and what runs there goes on.",
  },
};

const isBad = ({ state }: UpstreamTarget) => state === "ejected" || state === "unhealthy";
const isWanted = ({ state, weight }: UpstreamTarget) => state !== "draining" && weight > 0;

/** Targets that take new requests when all is well. */
export const wanted = (targets: UpstreamTarget[]): UpstreamTarget[] => targets.filter(isWanted);

export interface Trouble {
  tone: "bad" | "warn";
  title: string;
  means: string;
}

/** What is wrong with all of them together; `null` is nothing. The gateway decides in the same way. */
export function troubleOf(targets: UpstreamTarget[]): Trouble | null {
  const there = wanted(targets);
  const bad = there.filter(isBad).length;
  if (there.length === 0)
    return {
      tone: "bad",
      title: "No target takes new requests",
      means: "All of them are drained, so callers get 503.",
    };
  if (bad === there.length)
    return {
      tone: "bad",
      title: there.length === 1 ? "The only target is out" : "All targets are out",
      means: "Requests are sent there all the same, and most of them fail.",
    };
  if ((there.length - bad) * 2 < there.length)
    return {
      tone: "warn",
      title: "Fewer than half of the targets stand well",
      means: "All of them are used, so that those that are left are not overloaded: some requests fail.",
    };
  return null;
}
