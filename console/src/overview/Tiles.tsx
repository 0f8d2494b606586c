// The key figures of the gateway.
import { Link } from "wouter";
import type { ReactNode } from "react";
import type { Status, Traffic } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { millis, rate } from "../parts/format";
import css from "./OverviewPage.module.css";

const RELOADS: Record<Status["last_reload"]["result"], { tone: MarkTone; word: string }> = {
  applied: { tone: "ok", word: "applied" },
  // The gateway checks its files every 30 s, and usually nothing has changed.
  unchanged: { tone: "ok", word: "up to date" },
  refused: { tone: "bad", word: "change rejected" },
};

export function Tiles({ status, traffic }: { status: Status; traffic: Traffic | undefined }) {
  const last = (series: (number | null)[] | undefined) => series?.at(-1) ?? null;
  const known = (series: (number | null)[] | undefined) =>
    series?.findLast((value) => value !== null) ?? null;
  const shadowed = last(traffic?.would_refuse) ?? 0;
  const failed = last(traffic?.upstream_failed);
  const p99 = known(traffic?.p99_ms);
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
        note={p99 !== null && `99 % under ${millis(p99)}`}
      />
      {shadowed > 0 && (
        <Tile
          label="Would be refused"
          value={rate(shadowed)}
          note={
            <Link to="/why-refused?outcome=would_refuse" className="link">
              in shadow: why?
            </Link>
          }
        />
      )}
      {failed !== null && (
        <Tile
          label="Upstream failures"
          value={rate(failed)}
          note={failed > 0 ? <Mark tone="bad">failing</Mark> : undefined}
        />
      )}
      <Live status={status} />
      <Tile
        label="Agents"
        value={status.counts.agents.toLocaleString("en")}
        note={`${status.counts.api_keys.toLocaleString("en")} API ${status.counts.api_keys === 1 ? "key" : "keys"}`}
      />
    </dl>
  );
}

/** The live text has a number only while it is the text of the last revision. */
function Live({ status: { live, head, last_reload } }: { status: Status }) {
  const reload = RELOADS[last_reload.result];
  const number = head?.number ?? live.number;
  const same = head?.text_is_live ?? true;
  return (
    <Tile
      label="Live revision"
      value={number > 0 && same ? number.toLocaleString("en") : <code>{live.revision.slice(0, 8)}</code>}
      note={
        <>
          <Mark tone={reload.tone}>{reload.word}</Mark>{" "}
          <Link to="/history" className="link">
            {number > 0 && !same ? `differs from revision ${number}` : "History"}
          </Link>
          <div>
            checked <Time at={last_reload.at} past />
          </div>
        </>
      }
    />
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
