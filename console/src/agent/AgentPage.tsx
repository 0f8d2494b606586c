// One agent: how to call it, how it is secured, the state of its upstream and of each target, how full its limits are and who
// is refused, its running streams and its history.
import { Button } from "@mantine/core";
import { IconRocket } from "@tabler/icons-react";
import { Link, useLocation, useSearch } from "wouter";
import { useStatus } from "../api/queries";
import type { AgentDetail, Authentication } from "../api/schemas";
import { TopRefusal } from "../agents/AgentsTable";
import { AuthenticationMark } from "../agents/AuthenticationMark";
import { ProtocolMark } from "../agents/ProtocolMark";
import { DeployDrawer } from "../deploy/DeployDrawer";
import { formOf } from "../deploy/form";
import { receives } from "../deploy/receives";
import { OfThisMember } from "../fleet/OfThisMember";
import { History } from "../history/History";
import { CopyButton } from "../parts/CopyButton";
import { Mark } from "../parts/Mark";
import { NameLinks } from "../parts/NameLinks";
import { Sparkline } from "../parts/Sparkline";
import { plural } from "../parts/format";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { AgentFrame } from "./AgentFrame";
import css from "./AgentPage.module.css";
import { CallLines } from "./CallLines";
import { DeleteAgent } from "./DeleteAgent";
import { LimitsPanel } from "./LimitsPanel";
import { RefusedCallers } from "./RefusedCallers";
import { RunningStreams } from "./RunningStreams";
import { TargetsPanel } from "./TargetsPanel";
import { UpstreamPanel } from "./UpstreamPanel";

export default function AgentPage() {
  return <AgentFrame>{(agent) => <Shown agent={agent} />}</AgentFrame>;
}

function Shown({ agent }: { agent: AgentDetail }) {
  const [path, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const readOnly = useReadOnly(agent.managed_by, agent.file);
  const wanted = query.get("deploy");
  return (
    <>
      <ReadOnlyNotice reason={readOnly} />
      <OfThisMember what="Traffic, failures, targets, limits and running streams are those" />
      <div className={css.grid}>
        <section className="panel" aria-labelledby="call">
          <h2 id="call" className={css.heading}>
            Call it
          </h2>
          <dl className="facts">
            <dt>Endpoint</dt>
            <dd>
              <code data-testid="endpoint">{agent.url}</code>{" "}
              <CopyButton text={agent.url} what="the endpoint" />
            </dd>
            {agent.protocol !== "http" && (
              <>
                <dt>{agent.protocol === "mcp" ? "For MCP clients" : "For A2A clients"}</dt>
                <dd>
                  <code data-testid="client-url">{agent.client_url}</code>{" "}
                  <CopyButton text={agent.client_url} what="the URL for clients" />
                  <div>
                    <Link to={`${path}/discovery`} className="link">
                      What clients find
                    </Link>
                  </div>
                </dd>
              </>
            )}
          </dl>
          <CallLines agent={agent} />
        </section>
        <section className="panel" aria-labelledby="secured">
          <div className={css.bar}>
            <h2 id="secured" className={css.heading}>
              Endpoint authentication
            </h2>
            <Button
              leftSection={<IconRocket size={16} aria-hidden />}
              onClick={() => go(`${path}?deploy`)}
              variant={readOnly ? "default" : "filled"}
              {...off(readOnly)}
            >
              Edit and deploy
            </Button>
          </div>
          <Settings agent={agent} />
        </section>
      </div>
      <UpstreamPanel agent={agent} />
      <TargetsPanel agent={agent} />
      <LimitsPanel agent={agent} />
      <RefusedCallers agent={agent} />
      <RunningStreams agent={agent} />
      <History resource={`agents/${agent.name}`} readOnly={readOnly} />
      <DeleteAgent agent={agent} readOnly={readOnly} />
      <DeployDrawer
        agent={agent}
        opened={query.has("deploy")}
        onClose={() => go(path)}
        wanted={isAuthentication(wanted) ? wanted : undefined}
      />
    </>
  );
}

function isAuthentication(word: string | null): word is Authentication {
  return word === "oauth" || word === "api_key" || word === "public";
}

function Settings({ agent }: { agent: AgentDetail }) {
  const form = formOf(agent.spec);
  const gateway = useStatus();
  return (
    <>
      <p className={css.receives}>{receives(form, gateway.data?.public_url ?? null)}</p>
      <dl className="facts">
        <dt>Authentication</dt>
        <dd>
          <AuthenticationMark authentication={agent.authentication} />{" "}
          <ProtocolMark protocol={agent.protocol} />{" "}
          {agent.enforcement === "shadow" && <Mark tone="shadow">Shadow</Mark>}
        </dd>
        {agent.authentication === "oauth" && (
          <>
            <dt>Identity providers</dt>
            <dd>
              <NameLinks under="/identity-providers/" names={agent.identity_providers} />
            </dd>
            <dt>Audiences</dt>
            <dd>
              {agent.audiences.length > 0 ? (
                agent.audiences.map((audience) => (
                  <div key={audience}>
                    <code>{audience}</code>
                  </div>
                ))
              ) : (
                <Mark tone="warn">any audience is accepted</Mark>
              )}
            </dd>
          </>
        )}
        <dt>Upstream</dt>
        <dd>
          <code>{agent.upstream}</code>
          {form.targets.length > 1 && ` and ${plural(form.targets.length - 1, "other target")}`}
        </dd>
        <dt>Requests per second</dt>
        <dd>
          <Sparkline traffic={agent.traffic} />
        </dd>
        <dt>Most frequent refusal</dt>
        <dd>
          <TopRefusal agent={agent} />
        </dd>
      </dl>
    </>
  );
}
