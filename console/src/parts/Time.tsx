// A moment as people say it, with the exact one on hover.
import { useEffect, useState } from "react";
import { ago } from "./format";

/** `at`: RFC 3339, or seconds since 1970. */
export function Time({ at, none = "never" }: { at: string | number | null; none?: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (at === null) return <span className="dim">{none}</span>;
  const date = new Date(typeof at === "number" ? at * 1000 : at);
  if (Number.isNaN(date.getTime())) return <span>{String(at)}</span>;
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()} className="nowrap">
      {ago(date.getTime(), now)}
    </time>
  );
}
