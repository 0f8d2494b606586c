// A revision in the history of everything: what it changed, and for each resource the way back.
import { Button } from "@mantine/core";
import { Link } from "wouter";
import type { RevisionSummary } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { pageOf } from "../parts/resource";
import { off } from "../parts/writable";
import css from "./History.module.css";
import { RevisionItem } from "./RevisionItem";
import type { Target } from "./RevisionList";

type Change = RevisionSummary["changes"][number];

const ACTIONS: Record<Change["action"], { tone: MarkTone; word: string }> = {
  created: { tone: "ok", word: "created" },
  updated: { tone: "note", word: "changed" },
  deleted: { tone: "bad", word: "deleted" },
};

interface Props {
  item: RevisionSummary;
  readOnly: string | null;
  onRollBack: (target: Target) => void;
}

export function AnyRevision({ item, readOnly, onRollBack }: Props) {
  return (
    <RevisionItem item={item}>
      <ul className={css.changes}>
        {item.changes.map((change) => (
          <li key={change.resource} className={css.change}>
            <Mark tone={ACTIONS[change.action].tone}>{ACTIONS[change.action].word}</Mark>
            <Name change={change} />
            {!change.resource.startsWith("api_keys/") && (
              <WayBack change={change} number={item.number} readOnly={readOnly} onRollBack={onRollBack} />
            )}
          </li>
        ))}
      </ul>
    </RevisionItem>
  );
}

interface WayBackProps extends Omit<Props, "item"> {
  change: Change;
  number: number;
}

function WayBack({ change: { action, resource }, number, readOnly, onRollBack }: WayBackProps) {
  const deleted = action === "deleted";
  return (
    <Button
      size="compact-xs"
      variant="default"
      aria-label={
        deleted ? `Create it again: ${resource}` : `Roll back to here: ${resource}, revision ${number}`
      }
      // A deleted resource comes back as it was right before its deletion.
      onClick={() => onRollBack({ number: deleted ? number - 1 : number, resource })}
      {...off(readOnly)}
    >
      {deleted ? "Create it again" : "Roll back to here"}
    </Button>
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
