// One revision in a list: who changed what and when, and its diff on request.
import { Button, Group } from "@mantine/core";
import { type ReactNode, useState } from "react";
import type { RevisionSummary } from "../api/schemas";
import { Time } from "../parts/Time";
import { Diffs } from "./Diffs";
import css from "./History.module.css";
import { authorOf } from "./state";

interface Props {
  item: RevisionSummary;
  /** The resource whose diff is shown; without it, that of each. */
  only?: string;
  /** Beside the number. */
  mark?: ReactNode;
  /** Beside the button that shows the diff. */
  actions?: ReactNode;
  children?: ReactNode;
}

export function RevisionItem({ item, only, mark, actions, children }: Props) {
  const [open, setOpen] = useState(false);
  const author = authorOf(item.who);
  return (
    <li className={css.item} data-testid={`revision-${item.number}`}>
      <Group justify="space-between" gap="xs" align="flex-start">
        <div className={css.what}>
          <strong>Revision {item.number}</strong> {mark}
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
          {actions}
        </Group>
      </Group>
      {children}
      {open && <Diffs number={item.number} only={only} />}
    </li>
  );
}
