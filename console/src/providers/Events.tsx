// The security events of one identity provider: how they come, the last one, and what became of all of them.
import type { EventStatus, SecurityEventCount } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { EmptyState } from "../parts/EmptyState";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import css from "./ProviderPage.module.css";

/** How events come, in words. */
export function ways(events: EventStatus): string {
  const all = [
    events.push && "pushed",
    events.poll && "polled",
    events.backchannel_logout && "back-channel logout",
  ];
  return all.filter(Boolean).join(", ") || "none: it is switched off";
}

/** What an operator should look at: an event that denied nobody although it should have. */
export function toneOf(result: SecurityEventCount["result"]): MarkTone {
  switch (result) {
    case "unmapped":
    case "failed":
      return "bad";
    case "late":
    case "rejected":
    case "unauthorized":
      return "warn";
    default:
      return "ok";
  }
}

const COLUMNS: Column<SecurityEventCount>[] = [
  { label: "Event", header: true, cell: (one) => (one.type === "none" ? "could not be read" : one.type) },
  { label: "Result", cell: (one) => <Mark tone={toneOf(one.result)}>{one.result}</Mark> },
  { label: "Count", cell: (one) => one.count },
];

export function Events({ events }: { events: EventStatus }) {
  const { last_event, last_verification, last_poll } = events;
  return (
    <section className={css.section} aria-labelledby="events">
      <h2 id="events" className={css.heading}>
        Security events
      </h2>
      <dl className="facts">
        <dt>How they come</dt>
        <dd>{ways(events)}</dd>
        <dt>Last event</dt>
        <dd>
          <Time at={last_event?.at ?? null} none="none since the gateway started" past />
          {last_event && ` (${last_event.type}, ${last_event.result})`}
        </dd>
        {last_verification && (
          <>
            <dt>Last verification</dt>
            <dd>
              <Time at={last_verification.at} past />
              {last_verification.state && (
                <>
                  {" "}
                  <code>{last_verification.state}</code>
                </>
              )}
            </dd>
          </>
        )}
        {events.poll && (
          <>
            <dt>Last poll</dt>
            <dd>
              <Time at={last_poll?.at ?? null} none="not yet" past />
              {last_poll?.error && ` (failed: ${last_poll.error})`}
            </dd>
          </>
        )}
      </dl>
      {events.counts.length === 0 ? (
        <EmptyState title="No event has come since the gateway started." />
      ) : (
        <DataTable
          label="Security events"
          columns={COLUMNS}
          rows={events.counts}
          keyOf={(one) => `${one.type} ${one.result}`}
        />
      )}
    </section>
  );
}
