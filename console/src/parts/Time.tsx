// A moment: as people say it, with the exact one on hover; or exactly, with the other on hover.
import { useEffect, useState } from "react";
import { ago } from "./format";
import { exact, useZone } from "./zone";

interface Props {
  /** RFC 3339, or seconds since 1970. */
  at: string | number | null;
  none?: string;
  /** It has happened: a clock that is behind does not make it a moment to come. */
  past?: boolean;
}

export function Time({ at, none = "never", past }: Props) {
  const now = useNow();
  const zone = useZone();
  if (at === null) return <span className="dim">{none}</span>;
  const date = dateOf(at);
  if (!date) return <span>{String(at)}</span>;
  return (
    <time dateTime={date.toISOString()} title={exact(date, zone)} className="nowrap">
      {ago(date.getTime(), past ? Math.max(now, date.getTime()) : now)}
    </time>
  );
}

export function Timestamp({ at, none = "never" }: Props) {
  const now = useNow();
  const zone = useZone();
  if (at === null) return <span className="dim">{none}</span>;
  const date = dateOf(at);
  if (!date) return <span>{String(at)}</span>;
  return (
    <time dateTime={date.toISOString()} title={ago(date.getTime(), now)}>
      {exact(date, zone)}
    </time>
  );
}

/** The exact moment in two short lines, for a table. */
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

/** The present moment: of this very rendering, and anew every ten seconds. */
export function useNow(): number {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((before) => before + 1), 10_000);
    return () => clearInterval(timer);
  }, []);
  return Date.now();
}
