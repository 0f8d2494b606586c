// One revision in the history of everything: what it touched, and for each the way back.
import { Button, Group } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import type { RevisionSummary } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { pageOf } from "../parts/resource";
import { off } from "../parts/writable";
import { Diffs } from "./Diffs";
import css from "./History.module.css";
import { authorOf } from "./state";

type Change = RevisionSummary["changes"][number];

const ACTIONS: Record<Change["action"], { tone: MarkTone; word: string }> = {
  created: { tone: "ok", word: "created" },
  updated: { tone: "note", word: "changed" },
  deleted: { tone: "bad", word: "deleted" },
};

interface Props {
  item: RevisionSummary;
  readOnly: string | null;
  onRollBack: (number: number, resource: string) => void;
}

export function AnyRevision({ item, readOnly, onRollBack }: Props) {
  const [open, setOpen] = useState(false);
  const author = authorOf(item.who);
  return (
    <li className={css.item} data-testid={`revision-${item.number}`}>
      <Group justify="space-between" gap="xs" align="flex-start" wrap="nowrap">
        <div>
          <strong>Revision {item.number}</strong> {item.what}{" "}
          <span className="dim" title={author.title}>
            {author.text},{" "}
          </span>
          <Time at={item.at} past />
        </div>
        <Button
          size="xs"
          variant="default"
          className={css.show}
          aria-expanded={open}
          aria-label={`${open ? "Hide" : "Show"} the diff of revision ${item.number}`}
          onClick={() => setOpen(!open)}
        >
          {open ? "Hide the diff" : "Show the diff"}
        </Button>
      </Group>
      <ul className={css.changes}>
        {item.changes.map((change) => (
          <li key={change.resource} className={css.change}>
            <Mark tone={ACTIONS[change.action].tone}>{ACTIONS[change.action].word}</Mark>
            <Name change={change} />
            {!change.resource.startsWith("api_keys/") && (
              <Button
                size="compact-xs"
                variant="default"
                aria-label={
                  change.action === "deleted"
                    ? `Make it again: ${change.resource}`
                    : `Roll back to here: ${change.resource}, revision ${item.number}`
                }
                // What was right before a deletion is what is wanted again.
                onClick={() =>
                  onRollBack(change.action === "deleted" ? item.number - 1 : item.number, change.resource)
                }
                {...off(readOnly)}
              >
                {change.action === "deleted" ? "Make it again" : "Roll back to here"}
              </Button>
            )}
          </li>
        ))}
      </ul>
      {open && <Diffs number={item.number} />}
    </li>
  );
}

function Name({ change }: { change: Change }) {
  const page = change.action === "deleted" ? null : pageOf(change.resource);
  return page ? (
    <Link to={page} className="link">
      {change.resource}
    </Link>
  ) : (
    <code>{change.resource}</code>
  );
}
