// The agents whose upstream failed recently, most failures first.
import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { REFETCH_ALL_MS, allAgents } from "../api/allAgents";
import { keys } from "../api/queries";
import type { AgentSummary } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { Time } from "../parts/Time";
import css from "./OverviewPage.module.css";

/** The list of agents has all of them; more would push the charts off the screen. */
const SHOWN = 10;

const COLUMNS: Column<AgentSummary>[] = [
  {
    label: "Agent",
    header: true,
    cell: (agent) => (
      <Link to={`/agents/${encodeURIComponent(agent.name)}`} className="link">
        {agent.name}
      </Link>
    ),
  },
  { label: "Failures in 5 min", cell: (agent) => (agent.upstream_failures_5m ?? 0).toLocaleString("en") },
  {
    label: "Last cause",
    cell: (agent) => <code>{agent.last_upstream_failure?.cause ?? "–"}</code>,
  },
  { label: "Last failure", cell: (agent) => <Time at={agent.last_upstream_failure?.at ?? null} past /> },
  { label: "Upstream", cell: (agent) => <code className="dim">{agent.upstream}</code> },
];

/** The agents with failures in the last five minutes, most failures first. */
export function failing(agents: AgentSummary[]): AgentSummary[] {
  return agents
    .filter((agent) => (agent.upstream_failures_5m ?? 0) > 0)
    .sort((a, b) => (b.upstream_failures_5m ?? 0) - (a.upstream_failures_5m ?? 0));
}

/** `some`: the gateway counts failures now; only then is every agent read. */
export function UpstreamFailures({ some }: { some: boolean }) {
  const found = useQuery({
    queryKey: [...keys.agents, "failing"],
    queryFn: ({ signal }) => allAgents("", signal).then(failing),
    refetchInterval: REFETCH_ALL_MS,
    enabled: some,
  });
  if (!some || !found.data || found.data.length === 0) return null;
  return (
    <section aria-labelledby="upstreams">
      <h2 id="upstreams" className={css.heading}>
        Failing upstreams
      </h2>
      <DataTable
        label="Failing upstreams"
        columns={COLUMNS}
        rows={found.data.slice(0, SHOWN)}
        keyOf={(agent) => agent.name}
      />
      {found.data.length > SHOWN && (
        <p className="dim small">
          and {found.data.length - SHOWN} more:{" "}
          <Link to="/agents?show=failing" className="link">
            see all
          </Link>
        </p>
      )}
    </section>
  );
}
