// Asks the identity provider as clients do, and says how far each client gets, and what to fix.
import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { agents } from "../api/calls";
import type { AgentDetail, ClientCheck, ClientCheckResult, ClientCheckRow } from "../api/schemas";
import { type Column, DataTable } from "../parts/DataTable";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Mark, type MarkTone } from "../parts/Mark";
import { MessageText } from "../parts/MessageText";
import { NameLinks } from "../parts/NameLinks";
import css from "./Discovery.module.css";
import { MEANINGS, TITLES, type Verdict, verdicts } from "./clients";

const TONES: Record<ClientCheckResult, MarkTone> = { ok: "ok", warn: "warn", bad: "bad", unknown: "note" };

const WORDS: Record<ClientCheckResult, string> = {
  ok: "good",
  warn: "look at it",
  bad: "fix it",
  unknown: "not known",
};

const FOR_CLIENT: Record<ClientCheckResult, string> = {
  ok: "finds its way",
  warn: "may stop",
  bad: "stops",
  unknown: "not known",
};

export function ClientChecks({ agent }: { agent: AgentDetail }) {
  const [url, setUrl] = useState(agent.client_url);
  const check = useMutation({
    mutationFn: (url: string) => agents.checkClients(agent.name, url ? { url } : {}),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    check.mutate(url.trim());
  };
  return (
    <section className={`panel ${css.section}`} aria-labelledby="checks">
      <h2 id="checks" className={css.heading}>
        Do clients find their way?
      </h2>
      <p className="dim small">
        The gateway fetches the metadata of the first identity provider as clients do. Nothing is saved, and
        the browser asks nobody else.
      </p>
      <form className={css.ask} onSubmit={submit} aria-label="Check the way of clients">
        <TextInput
          label="URL that people gave to their client"
          value={url}
          spellCheck={false}
          maxLength={2048}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={check.isPending}>
          Check
        </Button>
      </form>
      <div aria-live="polite">
        {check.isError && <ErrorNotice error={check.error} title="The check could not be run" />}
        {check.data && <Result found={check.data} />}
      </div>
    </section>
  );
}

const CLIENT_COLUMNS: Column<Verdict>[] = [
  { label: "Client", header: true, cell: ({ client }) => client },
  {
    label: "Result",
    cell: ({ outcome }) => <Mark tone={TONES[outcome]}>{FOR_CLIENT[outcome]}</Mark>,
  },
  {
    label: "Because of",
    cell: ({ because }) =>
      because.length === 0 ? (
        <span className="dim">–</span>
      ) : (
        <ul className={css.because}>
          {because.map((topic) => (
            <li key={topic}>{TITLES[topic]}</li>
          ))}
        </ul>
      ),
  },
];

const CHECK_COLUMNS: Column<ClientCheckRow>[] = [
  { label: "Check", header: true, cell: ({ topic }) => TITLES[topic] },
  {
    label: "Result",
    cell: ({ outcome }) => <Mark tone={TONES[outcome]}>{WORDS[outcome]}</Mark>,
  },
  {
    label: "Found",
    cell: ({ found, help }) => (
      <>
        <MessageText text={found} />
        {help && (
          <div>
            <strong>Fix:</strong> <MessageText text={help} />
          </div>
        )}
      </>
    ),
  },
  { label: "For whom", cell: ({ topic }) => <span className="small">{MEANINGS[topic]}</span> },
];

export function Result({ found }: { found: ClientCheck }) {
  return (
    <div data-testid="client-check">
      <dl className="facts">
        <dt>Identity provider that clients choose</dt>
        <dd>
          <NameLinks under="/identity-providers/" names={[found.identity_provider]} />
          <div>
            <code>{found.issuer}</code>
          </div>
        </dd>
        <dt>Its metadata</dt>
        <dd>
          {found.metadata_url ? <code>{found.metadata_url}</code> : <span className="dim">not found</span>}
        </dd>
      </dl>
      <h3 className={css.sub}>By client</h3>
      <DataTable
        label="How far each client gets"
        columns={CLIENT_COLUMNS}
        rows={verdicts(found.rows)}
        keyOf={({ client }) => client}
      />
      <h3 className={css.sub}>By check</h3>
      <DataTable
        label="What was checked"
        columns={CHECK_COLUMNS}
        rows={found.rows}
        keyOf={({ topic }) => topic}
      />
    </div>
  );
}
