// The URL that people give to their client, the response to its first call, the metadata at each place where it looks, and
// what a page may do.
import { Button, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useDiscovery } from "../api/queries";
import type { AgentDetail, AgentDiscovery, HeaderField, MetadataPlace } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import { CopyButton } from "../parts/CopyButton";
import { HeaderFieldItem } from "../parts/HeaderFieldItem";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { QueryError } from "../parts/QueryError";
import css from "./Discovery.module.css";
import { laidOut } from "./lineDiff";

export function Found({ agent }: { agent: AgentDetail }) {
  const [origin, setOrigin] = useState<string>();
  const query = useDiscovery(agent.name, origin);
  const found = query.data;
  return (
    <section className="panel" aria-labelledby="found">
      <h2 id="found" className={css.heading}>
        What a client finds
      </h2>
      <QueryError query={query} title="What a client finds could not be read" />
      {found && (
        <>
          <ClientUrl agent={agent} found={found} />
          <FirstCall found={found} />
          <Metadata agent={agent} places={found.metadata} />
          <Page key={found.page.origin} found={found} onOrigin={setOrigin} busy={query.isFetching} />
        </>
      )}
    </section>
  );
}

const GIVEN: Record<AgentDetail["protocol"], string> = {
  http: "URL for clients",
  mcp: "URL for clients of MCP",
  a2a: "Base URL for clients of A2A",
};

function ClientUrl({ agent, found }: { agent: AgentDetail; found: AgentDiscovery }) {
  return (
    <>
      <dl className="facts">
        <dt>{GIVEN[agent.protocol]}</dt>
        <dd>
          <code data-testid="client-url">{found.client_url}</code>{" "}
          <CopyButton text={found.client_url} what="the URL for clients" />
          {agent.protocol === "a2a" && (
            <div className="dim small">
              With the slash at the end: without it, some clients look for the card one level up.
            </div>
          )}
        </dd>
      </dl>
      {found.origin_source === "listener" && (
        <Notice tone="warn" title="No public URL is set">
          <p>
            This is the address of the first listener. Each client is told the host that its own request
            names, so what it finds can differ from what is shown here.
          </p>
        </Notice>
      )}
    </>
  );
}

function FirstCall({ found }: { found: AgentDiscovery }) {
  const { method, url, status, challenge } = found.first_call;
  return (
    <>
      <h3 className={css.sub}>A call without a credential</h3>
      <p style={{ margin: "0 0 0.5rem" }}>
        <code>
          {method} {url}
        </code>{" "}
        <Mark tone={status === null ? "warn" : "ok"}>
          {status === null ? "goes through" : `gets ${status}`}
        </Mark>
      </p>
      {challenge && <CodeLine text={`WWW-Authenticate: ${challenge}`} what="the challenge" />}
    </>
  );
}

function Metadata({ agent, places }: { agent: AgentDetail; places: MetadataPlace[] }) {
  return (
    <>
      <h3 className={css.sub}>Metadata</h3>
      {places.length === 0 ? (
        <p className="dim" style={{ margin: 0 }}>
          Only agents with OAuth have metadata: the gateway answers 404 where clients look for that of{" "}
          {agent.name}.
        </p>
      ) : (
        places.map((place, index) => <Place key={place.url} place={place} opened={index === 0} />)
      )}
    </>
  );
}

function Place({ place, opened }: { place: MetadataPlace; opened: boolean }) {
  const { url, document, other_agent: other, headers } = place;
  return (
    <details className={css.place} open={opened || undefined}>
      <summary>
        <code>{url}</code>{" "}
        {!document && <Mark tone="warn">{other ? `has the metadata of ${other}` : "404"}</Mark>}
      </summary>
      {document ? (
        <>
          <pre className={css.text} tabIndex={0} role="region" aria-label={`Metadata at ${url}`}>
            {laidOut(document)}
          </pre>
          <Fields fields={headers} label={`Headers of ${url}`} />
        </>
      ) : (
        <p className="dim small">
          {other
            ? `Requests for this URL lead to ${other}, so clients are told about that agent.`
            : "No agent has metadata there."}
        </p>
      )}
    </details>
  );
}

function Fields({ fields, label }: { fields: HeaderField[]; label: string }) {
  return (
    <dl className="facts" aria-label={label}>
      {fields.map(({ name, value }, index) => (
        <HeaderFieldItem key={index} name={name} value={value} />
      ))}
    </dl>
  );
}

interface PageProps {
  found: AgentDiscovery;
  onOrigin: (origin: string) => void;
  busy: boolean;
}

function Page({ found, onOrigin, busy }: PageProps) {
  const { origin, is_refused: refused, preflight, response } = found.page;
  const [typed, setTyped] = useState(origin);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim()) onOrigin(typed.trim());
  };
  const allowed = [...(preflight ?? []), ...response].some(
    ({ name }) => name === "access-control-allow-origin",
  );
  return (
    <>
      <h3 className={css.sub}>A client in a browser</h3>
      <form className={css.ask} onSubmit={submit} aria-label="A client in a browser">
        <TextInput
          label="Origin of its page"
          description="That of MCP Inspector is http://localhost:6274"
          value={typed}
          spellCheck={false}
          maxLength={300}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={busy && origin !== typed}>
          Show
        </Button>
      </form>
      <p>
        <Mark tone={refused ? "bad" : allowed ? "ok" : "warn"}>
          {refused
            ? `calls of ${origin} get 403`
            : allowed
              ? `${origin} may call`
              : preflight === null
                ? "the agent itself answers preflights"
                : `browsers keep ${origin} from calling`}
        </Mark>
      </p>
      {preflight && (
        <>
          <p className="dim small" style={{ margin: 0 }}>
            The response to its preflight (204), before any credential is looked at:
          </p>
          <Fields fields={preflight} label="Headers of the response to the preflight" />
        </>
      )}
      {response.length > 0 && (
        <>
          <p className="dim small" style={{ margin: 0 }}>
            What the gateway adds to the response to its call:
          </p>
          <Fields fields={response} label="Headers that are added to the response" />
        </>
      )}
    </>
  );
}
