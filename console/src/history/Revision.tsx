// One revision of one resource: who changed what, the diff, and the way back to it.
import { Button, Group } from "@mantine/core";
import { useState } from "react";
import type { RevisionSummary } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { off } from "../parts/writable";
import { Diffs } from "./Diffs";
import css from "./History.module.css";
import { type RevisionState, authorOf } from "./state";

const STATES: Record<Exclude<RevisionState, "past">, { tone: MarkTone; word: string }> = {
  live: { tone: "ok", word: "live" },
  not_live: { tone: "warn", word: "edited by hand since" },
  broken: { tone: "bad", word: "broken on disk since; this text is live" },
};

interface Props {
  item: RevisionSummary;
  resource: string;
  state: RevisionState;
  readOnly: string | null;
  onRollBack: () => void;
}

export function Revision({ item, resource, state, readOnly, onRollBack }: Props) {
  const [open, setOpen] = useState(false);
  const deleted = item.changes.some((one) => one.resource === resource && one.action === "deleted");
  const isKey = resource.startsWith("api_keys/");
  const author = authorOf(item.who);
  return (
    <li className={css.item} data-testid={`revision-${item.number}`}>
      <Group justify="space-between" gap="xs">
        <div>
          <strong>Revision {item.number}</strong>{" "}
          {state !== "past" && <Mark tone={STATES[state].tone}>{STATES[state].word}</Mark>}
          <div>
            {item.what}{" "}
            <span className="dim" title={author.title}>
              {author.text},{" "}
            </span>
            <Time at={item.at} past />
          </div>
        </div>
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            aria-expanded={open}
            aria-label={`${open ? "Hide" : "Show"} the diff of revision ${item.number}`}
            onClick={() => setOpen(!open)}
          >
            {open ? "Hide the diff" : "Show the diff"}
          </Button>
          {state !== "live" && !deleted && !isKey && (
            <Button
              size="xs"
              variant="default"
              aria-label={`Roll back to revision ${item.number}`}
              onClick={onRollBack}
              {...off(readOnly)}
            >
              Roll back
            </Button>
          )}
        </Group>
      </Group>
      {open && <Diffs number={item.number} only={resource} />}
    </li>
  );
}
