// The last decisions and new ones, newest first. A busy gateway makes hundreds a second, so new ones are added in
// batches, and only the newest are kept.
import { useCallback, useEffect, useState } from "react";
import { gateway } from "../api/calls";
import { address } from "../api/client";
import { whenBack } from "../api/login";
import type { Decision } from "../api/schemas";
import type { Shown } from "./outcome";

/** As many as the API gives by default, and more than anybody reads while the list moves. */
const KEPT = 100;
/** Three updates a second look live without keeping the browser busy. */
const FLUSH_MS = 300;

export type Connection = "connecting" | "live" | "lost";

const keyOf = (one: Decision) => `${one.request_id} ${one.at} ${one.reason}`;

/** New and known decisions, newest first, each once. */
export function merged(fresh: Decision[], known: Decision[]): Decision[] {
  const seen = new Set<string>();
  return [...fresh, ...known]
    .filter((one) => {
      const key = keyOf(one);
      return !seen.has(key) && Boolean(seen.add(key));
    })
    .sort((a, b) => Date.parse(b.at ?? "") - Date.parse(a.at ?? "") || 0)
    .slice(0, KEPT);
}

export interface Wanted {
  agent: string | null;
  reason: string | null;
  outcome: Shown;
}

export function useDecisions({ agent, reason, outcome }: Wanted, paused: boolean) {
  const [items, setItems] = useState<Decision[] | null>(null);
  const [since, setSince] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [connection, setConnection] = useState<Connection>("connecting");
  const [missed, setMissed] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const again = useCallback(() => setAttempt((before) => before + 1), []);
  const query = { agent: agent ?? undefined, reason: reason ?? undefined, outcome: outcome ?? undefined };
  const filter = JSON.stringify(query);

  useEffect(() => {
    setItems(null);
  }, [filter]);
  // The stream ends with the session, so it is opened again with the next one.
  useEffect(() => whenBack(again), [again]);

  useEffect(() => {
    if (paused) return;
    const asked = JSON.parse(filter) as typeof query;
    let gone = false;
    let fresh: Decision[] = [];
    setConnection("connecting");
    setMissed(0);
    setError(null);

    const stream = new EventSource(address("/decisions/stream", asked));
    stream.onopen = () => setConnection("live");
    stream.onerror = () => setConnection(stream.readyState === EventSource.CLOSED ? "lost" : "connecting");
    stream.addEventListener("decision", (event: MessageEvent<string>) => {
      fresh.unshift(JSON.parse(event.data) as Decision);
      if (fresh.length > KEPT) fresh.length = KEPT;
    });
    stream.addEventListener("missed", (event: MessageEvent<string>) => {
      setMissed((before) => before + (Number(event.data) || 0));
    });
    const flush = setInterval(() => {
      if (fresh.length === 0) return;
      const taken = fresh;
      fresh = [];
      setItems((known) => merged(taken, known ?? []));
    }, FLUSH_MS);

    gateway
      .decisions({ ...asked, limit: KEPT })
      .then((answer) => {
        if (gone) return;
        setItems((known) => merged(known ?? [], answer.items));
        setSince(answer.refusals_since ?? null);
      })
      .catch((caught: unknown) => {
        if (!gone) setError(caught);
      });

    return () => {
      gone = true;
      stream.close();
      clearInterval(flush);
    };
  }, [filter, paused, attempt]);

  return { items, since, error, connection, missed, again };
}
