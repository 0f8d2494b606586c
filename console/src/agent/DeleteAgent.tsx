// Deletes an agent and its API keys, after a confirmation.
import { Button } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { agents } from "../api/calls";
import { keys } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { DeleteResource } from "../history/DeleteResource";
import { plural } from "../parts/format";
import { off } from "../parts/writable";
import css from "./AgentPage.module.css";

export function DeleteAgent({ agent, readOnly }: { agent: AgentDetail; readOnly: string | null }) {
  const [open, setOpen] = useState(false);
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
      <DeleteResource
        name={agent.name}
        resource={`agents/${agent.name}`}
        opened={open}
        onClose={() => setOpen(false)}
        act={() => agents.remove(agent.name, agent.etag)}
        query={keys.agent(agent.name)}
        list="/agents"
        besides={(written) => {
          const gone = written.removed?.filter((name) => name.startsWith("api_keys/")).length ?? 0;
          return gone > 0 ? `, with ${plural(gone, "API key")} which Undo does not restore` : "";
        }}
      >
        Callers of <code>{agent.url}</code> get 404 immediately{withKeys}. The agent can be created again from
        the{" "}
        <Link to="/history" className="link">
          history
        </Link>
        , its API keys cannot.
      </DeleteResource>
    </section>
  );
}
