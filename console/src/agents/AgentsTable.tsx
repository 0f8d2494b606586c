// The table of agents.
import { Link } from "wouter";
import type { AgentSummary } from "../api/types";
import { type Column, DataTable } from "../parts/DataTable";
import { Mark } from "../parts/Mark";
import { Sparkline } from "../parts/Sparkline";
import { meaning } from "../refused/reasons";
import css from "./AgentsPage.module.css";
import { AuthenticationMark } from "./AuthenticationMark";

const COLUMNS: Column<AgentSummary>[] = [
  {
    label: "Agent",
    header: true,
    cell: (agent) => (
      <div className={css.name}>
        <Link to={`/agents/${encodeURIComponent(agent.name)}`} className={`link ${css.title}`}>
          {agent.name}
        </Link>
        {agent.display_name && <span>{agent.display_name}</span>}
        <code className="dim">
          {agent.route.host}
          {agent.route.path}
        </code>
      </div>
    ),
  },
  {
    label: "Authentication",
    cell: (agent) => (
      <div className={css.marks}>
        <AuthenticationMark authentication={agent.authentication} />
        {agent.enforcement === "shadow" && <Mark tone="warn">Shadow</Mark>}
        {agent.managed_by === "file" && (
          <Mark tone="plain" title="Written in the configuration file; change it there.">
            File
          </Mark>
        )}
      </div>
    ),
  },
  {
    label: "Identity providers",
    cell: (agent) => {
      if (agent.authentication === "api_key") return <span className="dim">{keysOf(agent)}</span>;
      if (agent.identity_providers.length === 0) return <span className="dim">none</span>;
      return agent.identity_providers.map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <Link to={`/identity-providers/${encodeURIComponent(name)}`} className="link">
            {name}
          </Link>
        </span>
      ));
    },
  },
  {
    label: "Per second",
    cell: (agent) => <Sparkline allowed={agent.traffic.allowed} refused={agent.traffic.refused} />,
  },
  {
    label: "Most frequent refusal",
    cell: (agent) => {
      const top = agent.traffic.top_refusal;
      if (!top) return <span className="dim">none</span>;
      const query = new URLSearchParams({ agent: agent.name, reason: top.reason });
      return (
        <span>
          <Link to={`/why-refused?${query}`} className="link" title={top.reason}>
            {meaning(top.reason).title}
          </Link>{" "}
          <span className="dim">× {top.count.toLocaleString("en")}</span>
        </span>
      );
    },
  },
];

function keysOf(agent: AgentSummary): string {
  return agent.api_keys === 1 ? "1 API key" : `${agent.api_keys} API keys`;
}

export function AgentsTable({ agents }: { agents: AgentSummary[] }) {
  return <DataTable label="Agents" columns={COLUMNS} rows={agents} keyOf={(agent) => agent.name} />;
}
