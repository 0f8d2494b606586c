// The few numbers that say at a glance whether all is well.
import { Link } from "wouter";
import type { ReactNode } from "react";
import type { Status, Traffic } from "../api/types";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { millis, rate } from "../parts/format";
import css from "./OverviewPage.module.css";

const RELOADS: Record<Status["last_reload"]["result"], { tone: MarkTone; word: string }> = {
  applied: { tone: "ok", word: "applied" },
  unchanged: { tone: "ok", word: "unchanged" },
  refused: { tone: "bad", word: "refused" },
};

export function Tiles({ status, traffic }: { status: Status; traffic: Traffic | undefined }) {
  const last = (series: (number | null)[] | undefined) => series?.at(-1) ?? null;
  const known = (series: (number | null)[] | undefined) =>
    series?.findLast((value) => value !== null) ?? null;
  const reload = RELOADS[status.last_reload.result];
  return (
    <dl className={css.tiles}>
      <Tile label="Allowed" value={rate(last(traffic?.allowed) ?? 0)} />
      <Tile
        label="Refused"
        value={rate(last(traffic?.refused) ?? 0)}
        note={
          <Link to="/why-refused" className="link">
            Why?
          </Link>
        }
      />
      <Tile
        label="Median decision"
        value={millis(known(traffic?.p50_ms))}
        note={`99 % under ${millis(known(traffic?.p99_ms))}`}
      />
      <Tile
        label="Live revision"
        value={<code>{status.live.revision.slice(0, 8)}</code>}
        note={status.live.number > 0 ? `number ${status.live.number}` : undefined}
      />
      <Tile
        label="Last reload"
        value={<Time at={status.last_reload.at} />}
        note={<Mark tone={reload.tone}>{reload.word}</Mark>}
      />
      <Tile
        label="Agents"
        value={status.counts.agents.toLocaleString("en")}
        note={`${status.counts.api_keys.toLocaleString("en")} API ${status.counts.api_keys === 1 ? "key" : "keys"}`}
      />
    </dl>
  );
}

function Tile({ label, value, note }: { label: string; value: ReactNode; note?: ReactNode }) {
  return (
    <div className={css.tile}>
      <dt>{label}</dt>
      <dd className={css.value}>{value}</dd>
      {note && <dd className={css.note}>{note}</dd>}
    </div>
  );
}
