// What the pages of one agent share: its name, its tabs, and a message when there is no such agent.
import { Loader } from "@mantine/core";
import type { ReactNode } from "react";
import { Link, useLocation, useParams } from "wouter";
import { ApiError } from "../api/client";
import { useAgent } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { BrokenHere } from "../parts/BrokenDocument";
import { EmptyState } from "../parts/EmptyState";
import { FileMark } from "../parts/FileMark";
import { PageHead } from "../parts/PageHead";
import { QueryError } from "../parts/QueryError";
import { visible } from "../parts/visible";
import css from "./AgentPage.module.css";

export function AgentFrame({ children }: { children: (agent: AgentDetail) => ReactNode }) {
  const { name = "" } = useParams();
  const query = useAgent(name);
  const [path] = useLocation();
  const home = `/agents/${encodeURIComponent(name)}`;
  const tabs = [
    [home, "Agent"],
    [`${home}/test`, "Test"],
    [`${home}/api-keys`, "API keys"],
    [`${home}/discovery`, "Discovery"],
    [`${home}/callers`, "For callers"],
  ] as const;
  const agent = query.data;
  const page = tabs.find(([to]) => to === path)?.[1] ?? "Agent";
  const gone = query.error instanceof ApiError && query.error.status === 404;
  return (
    <>
      <p className="small" style={{ margin: "0 0 0.25rem" }}>
        <Link to="/agents" className="link">
          Agents
        </Link>
      </p>
      <PageHead
        title={page === "Agent" ? name : `${name}: ${page}`}
        beside={agent?.managed_by === "file" && <FileMark />}
        about={agent?.display_name && <bdi>{visible(agent.display_name)}</bdi>}
      />
      <nav className={css.tabs} aria-label="Pages of this agent">
        {tabs.map(([to, label]) => (
          <Link key={to} to={to} className={css.tab} aria-current={to === path ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      {query.isPending && <Loader role="img" aria-label="Loading" />}
      {gone && !agent && (
        <EmptyState title={`There is no agent ${name}.`}>
          <Link to="/agents" className="link">
            See all agents
          </Link>
        </EmptyState>
      )}
      {!(gone && !agent) && <QueryError query={query} title="The agent could not be read" />}
      <BrokenHere resource={`agents/${name}`} />
      {agent && children(agent)}
    </>
  );
}
