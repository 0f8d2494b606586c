// The table of agents.
import { Link } from "wouter";
import type { AgentSummary } from "../api/schemas";
import { type Column, DataTable, type Sorting } from "../parts/DataTable";
import { FileMark } from "../parts/FileMark";
import { Mark } from "../parts/Mark";
import { NameLinks } from "../parts/NameLinks";
import { Sparkline } from "../parts/Sparkline";
import { Time } from "../parts/Time";
import { plural } from "../parts/format";
import { visible } from "../parts/visible";
import { meaning } from "../refused/reasons";
import css from "./AgentsPage.module.css";
import { AuthenticationMark, authenticationWord } from "./AuthenticationMark";
import { ProtocolMark } from "./ProtocolMark";

/** As many names as fit beside the sparkline without making the row taller. */
const NAMES_SHOWN = 3;

const last = (series: number[] | undefined) => series?.at(-1) ?? 0;

export const COLUMNS: Column<AgentSummary>[] = [
  {
    label: "Agent",
    header: true,
    sort: (agent) => agent.name,
    cell: (agent) => (
      <div className={css.name}>
        <Link to={`/agents/${encodeURIComponent(agent.name)}`} className={`link ${css.title}`}>
          {agent.name}
        </Link>
        {agent.display_name && <bdi className={css.display}>{visible(agent.display_name)}</bdi>}
        <code className="dim">
          {agent.route.hosts.join(", ")}
          {agent.route.path}
        </code>
      </div>
    ),
  },
  {
    label: "Authentication",
    sort: (agent) => authenticationWord(agent.authentication),
    cell: (agent) => (
      <div className={css.marks}>
        <AuthenticationMark authentication={agent.authentication} />
        <ProtocolMark protocol={agent.protocol} />
        {agent.enforcement === "shadow" && <Mark tone="shadow">Shadow</Mark>}
        {agent.managed_by === "file" && <FileMark />}
      </div>
    ),
  },
  {
    label: "Identity providers",
    sort: (agent) => agent.identity_providers.join(" "),
    cell: (agent) => <Providers agent={agent} />,
  },
  {
    label: "Requests/s",
    sort: (agent) => last(agent.traffic.refused) + last(agent.traffic.would_refuse),
    mostFirst: true,
    cell: (agent) => <Sparkline traffic={agent.traffic} />,
  },
  {
    label: "Most frequent refusal",
    sort: (agent) => (agent.traffic.top_refusal ?? agent.traffic.top_would_refuse)?.count ?? 0,
    mostFirst: true,
    cell: (agent) => <TopRefusal agent={agent} />,
  },
  {
    label: "Upstream",
    sort: (agent) => agent.upstream_failures_5m ?? 0,
    mostFirst: true,
    cell: (agent) => <Upstream agent={agent} />,
  },
];

/** The reason of most refusals; in shadow, of most requests that would be refused. */
export function TopRefusal({ agent: { name, traffic } }: { agent: Pick<AgentSummary, "name" | "traffic"> }) {
  const top = traffic.top_refusal ?? traffic.top_would_refuse;
  if (!top) return <span className="dim">none</span>;
  const query = new URLSearchParams({ agent: name, reason: top.reason });
  return (
    <span>
      <Link to={`/why-refused?${query}`} className="link" title={top.reason}>
        {meaning(top.reason).title}
      </Link>{" "}
      <span className="dim nowrap">
        × {top.count.toLocaleString("en")}
        {!traffic.top_refusal && " would be refused"}
      </span>
    </span>
  );
}

function Providers({ agent }: { agent: AgentSummary }) {
  if (agent.authentication === "api_key")
    return <span className="dim">{plural(agent.api_keys, "API key")}</span>;
  const names = agent.identity_providers;
  if (names.length === 0) return <span className="dim">none</span>;
  return (
    <NameLinks
      under="/identity-providers/"
      names={names.slice(0, NAMES_SHOWN)}
      total={names.length}
      others={names.slice(NAMES_SHOWN)}
    />
  );
}

function Upstream({ agent }: { agent: AgentSummary }) {
  const failed = agent.upstream_failures_5m ?? 0;
  const failure = agent.last_upstream_failure;
  if (failed > 0) {
    return (
      <div>
        <Mark tone="bad">{failed.toLocaleString("en")} failed in 5 min</Mark>
        {failure && (
          <div>
            <code className="dim">{failure.cause}</code>
          </div>
        )}
      </div>
    );
  }
  return failure ? (
    <span className="dim small">
      last failed <Time at={failure.at} past />
    </span>
  ) : (
    <span className="dim">–</span>
  );
}

interface Props {
  agents: AgentSummary[];
  sorting: Sorting | null;
  onSorting: (sorting: Sorting) => void;
}

export function AgentsTable({ agents, sorting, onSorting }: Props) {
  return (
    <DataTable
      label="Agents"
      columns={COLUMNS}
      rows={agents}
      keyOf={(agent) => agent.name}
      sorting={sorting}
      onSorting={onSorting}
    />
  );
}
