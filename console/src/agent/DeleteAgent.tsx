// Deletes an agent and its API keys, after a confirmation.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { agents } from "../api/calls";
import { keys } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { said } from "../fleet/spread";
import { useUndo } from "../history/useUndo";
import { Confirm } from "../parts/Confirm";
import { plural } from "../parts/format";
import { useToast } from "../parts/toast";
import { off } from "../parts/writable";
import css from "./AgentPage.module.css";

export function DeleteAgent({ agent, readOnly }: { agent: AgentDetail; readOnly: string | null }) {
  const [open, setOpen] = useState(false);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const undoOf = useUndo();
  const withKeys =
    agent.api_keys > 0
      ? `, and ${agent.api_keys === 1 ? "its API key is" : `its ${agent.api_keys} API keys are`} deleted too`
      : "";
  return (
    <section className={`panel ${css.section} ${css.danger}`} aria-labelledby="delete">
      <div>
        <h2 id="delete" className={css.heading}>
          Delete
        </h2>
        <span className="dim small">The gateway then responds with 404 at this endpoint{withKeys}.</span>
      </div>
      <Button variant="default" onClick={() => setOpen(true)} {...off(readOnly)}>
        Delete agent
      </Button>
      <Confirm
        opened={open}
        onClose={() => setOpen(false)}
        title={`Delete ${agent.name}?`}
        action="Delete"
        act={() => agents.remove(agent.name, agent.etag)}
        onDone={(written) => {
          const gone = written.removed?.filter((name) => name.startsWith("api_keys/")).length ?? 0;
          const undo = undoOf(`agents/${agent.name}`, written);
          const withThem = gone > 0 ? `, with ${plural(gone, "API key")} which Undo does not restore` : "";
          const { text, tone } = said(`${agent.name} is deleted${withThem}.`, written);
          toast(text, tone, undo);
          queries.removeQueries({ queryKey: keys.agent(agent.name) });
          void queries.invalidateQueries();
          go("/agents");
        }}
      >
        Callers of <code>{agent.url}</code> get 404 immediately{withKeys}. The agent can be created again from
        the{" "}
        <Link to="/history" className="link">
          history
        </Link>
        , its API keys cannot.
      </Confirm>
    </section>
  );
}
