// A point in time: relative to now with the exact timestamp on hover, or the other way round.
import { useEffect, useState } from "react";
import { ago } from "./format";
import { exact, useZone } from "./zone";

interface Props {
  /** RFC 3339, or seconds since 1970. */
  at: string | number | null;
  none?: string;
  /** It is in the past, even if the clock of the browser is behind. */
  past?: boolean;
}

export function Time({ at, none, past }: Props) {
  const { date, missing, relative, exactly } = useTexts({ at, none, past });
  if (!date) return missing;
  return (
    <time dateTime={date.toISOString()} title={exactly} className="nowrap">
      {relative}
    </time>
  );
}

export function Timestamp({ at, none }: Props) {
  const { date, missing, relative, exactly } = useTexts({ at, none });
  if (!date) return missing;
  return (
    <time dateTime={date.toISOString()} title={relative}>
      {exactly}
    </time>
  );
}

/** Both texts of a point in time, or what is shown when there is none. */
function useTexts({ at, none = "never", past }: Props) {
  const now = useNow();
  const zone = useZone();
  const date = at === null ? null : dateOf(at);
  if (!date) return { date, missing: <span className={at === null ? "dim" : undefined}>{at ?? none}</span> };
  const relative = ago(date.getTime(), past ? Math.max(now, date.getTime()) : now);
  return { date, relative, exactly: exact(date, zone) };
}

/** The exact timestamp in two short lines, for a table. */
export function StackedTimestamp({ at, none = "never" }: Props) {
  const zone = useZone();
  const date = at === null ? null : dateOf(at);
  if (!date) return <span className="dim">{at ?? none}</span>;
  const text = exact(date, zone);
  return (
    <time dateTime={date.toISOString()} title={text} className="nowrap">
      {text.slice(11)}
      <br />
      <span className="dim small">{text.slice(0, 10)}</span>
    </time>
  );
}

function dateOf(at: string | number): Date | null {
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** The current time, updated every ten seconds. */
export function useNow(): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((before) => before + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return Date.now();
}
