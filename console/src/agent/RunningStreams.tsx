// What is under way at an agent right now, how to end it, and how to keep a client from coming again.
import { Link } from "wouter";
import { useStreams } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { EmptyState } from "../parts/EmptyState";
import { QueryError } from "../parts/QueryError";
import css from "./AgentPage.module.css";
import { EndAll } from "./EndAll";
import { StreamsTable } from "./StreamsTable";
import { keepsStreams } from "./streams";

export function RunningStreams({ agent }: { agent: AgentDetail }) {
  const found = useStreams(agent.name);
  const items = found.data?.items;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="streams">
      <div className={css.bar}>
        <h2 id="streams" className={css.heading}>
          Running streams
        </h2>
        <EndAll agent={agent.name} count={items?.length ?? 0} />
      </div>
      <QueryError query={found} title="The running streams could not be read" />
      {items?.length === 0 && (
        <EmptyState title="No stream is running">
          <p>WebSockets, event streams, gRPC calls and long responses are listed here while they last.</p>
        </EmptyState>
      )}
      {items && items.length > 0 && (
        <>
          <ForGood agent={agent} />
          <StreamsTable agent={agent.name} items={items} />
        </>
      )}
    </section>
  );
}

/** How a client is kept from coming again. Only an agent with API keys has a page where they are revoked. */
function ForGood({ agent }: { agent: AgentDetail }) {
  const words = "revoke its API key";
  const revoke =
    agent.authentication === "api_key" ? (
      <Link to={`/agents/${encodeURIComponent(agent.name)}/api-keys`} className="link">
        {words}
      </Link>
    ) : (
      words
    );
  if (keepsStreams(agent)) {
    return (
      <p className="dim small">
        A client whose stream was ended may connect again. To end its streams for good, {revoke} first and
        then end them here: with <code>streams.on_policy_change: keep</code>, neither that nor deleting the
        agent ends what is running.
      </p>
    );
  }
  return (
    <p className="dim small">
      A client whose stream was ended may connect again. To end its streams for good, {revoke} or delete the
      agent: that ends what is running, and the client is refused from then on. Only streams of the kind
      “Response” then run to their own end, unless they are ended here.
    </p>
  );
}
