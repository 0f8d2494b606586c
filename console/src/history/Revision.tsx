// A revision in the history of one resource: whether it is live, and the way back to it.
import { Button } from "@mantine/core";
import type { RevisionSummary } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";
import { off } from "../parts/writable";
import { RevisionItem } from "./RevisionItem";
import type { RevisionState } from "./state";

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
  const deleted = item.changes.some((one) => one.resource === resource && one.action === "deleted");
  const isKey = resource.startsWith("api_keys/");
  return (
    <RevisionItem
      item={item}
      only={resource}
      mark={state !== "past" && <Mark tone={STATES[state].tone}>{STATES[state].word}</Mark>}
      actions={
        state !== "live" &&
        !deleted &&
        !isKey && (
          <Button
            size="xs"
            variant="default"
            aria-label={`Roll back to revision ${item.number}`}
            onClick={onRollBack}
            {...off(readOnly)}
          >
            Roll back
          </Button>
        )
      }
    />
  );
}
