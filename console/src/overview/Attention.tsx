// What needs attention, as sentences with deadlines, the most severe first, with the actions that the console offers.
import { Button, Group, VisuallyHidden } from "@mantine/core";
import { Link } from "wouter";
import type { Attention as Line, Status } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { MessageText } from "../parts/MessageText";
import { Time } from "../parts/Time";
import { FetchKeys } from "../providers/FetchKeys";
import css from "./Attention.module.css";
import { linesOf, pageOf } from "./attention";

const TONES: Record<Line["level"], { tone: MarkTone; word: string }> = {
  error: { tone: "bad", word: "error" },
  warning: { tone: "warn", word: "warning" },
  note: { tone: "note", word: "note" },
};

export function Attention({ status }: { status: Status }) {
  const lines = linesOf(status);
  // A gateway that does not report this has not said that all is well.
  if (status.attention === undefined) return null;
  return (
    <section
      className={`panel ${css.panel}`}
      aria-labelledby="attention"
      data-level={lines[0]?.level ?? "ok"}
    >
      <h2 id="attention" className={css.heading}>
        Needs attention
      </h2>
      {lines.length === 0 ? (
        <p className={css.calm}>
          <Mark tone="ok">nothing</Mark> Providers, certificates, upstreams and the configuration are in
          order.
        </p>
      ) : (
        <ul className={css.list}>
          {lines.map((line, index) => (
            <Row key={`${line.code} ${line.subject?.name ?? index}`} line={line} />
          ))}
        </ul>
      )}
    </section>
  );
}

function Row({ line }: { line: Line }) {
  const { tone, word } = TONES[line.level] ?? TONES.note;
  const page = pageOf(line);
  return (
    <li className={css.row}>
      <Mark tone={tone}>{word}</Mark>
      <div className={css.what}>
        <MessageText text={line.text} />{" "}
        <span className={css.when}>
          {line.since && (
            <>
              since <Time at={line.since} past />
            </>
          )}
          {line.since && line.until && ", "}
          {line.until && (
            <>
              until <Time at={line.until} />
            </>
          )}
        </span>
      </div>
      <Group gap="xs" className={css.actions}>
        {line.code === "provider_failing" && line.subject && <FetchKeys name={line.subject.name} size="xs" />}
        {page && (
          <Button component={Link} to={page} size="xs" variant="default">
            Open<VisuallyHidden> {line.subject?.name}</VisuallyHidden>
          </Button>
        )}
      </Group>
    </li>
  );
}
