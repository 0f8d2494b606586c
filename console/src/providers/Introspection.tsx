// The introspection of a provider: whether it answers, and what it says of one token.
import { Button, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { gateway } from "../api/calls";
import type { IntrospectionStatus } from "../api/schemas";
import { AgentSelect } from "../parts/AgentSelect";
import { Mark } from "../parts/Mark";
import { ExplainResult } from "../refused/ExplainResult";
import { bareCredential } from "../test/credential";
import css from "./ProviderPage.module.css";

export function Introspection({ status, agents }: { status: IntrospectionStatus; agents: string[] }) {
  return (
    <section className={css.section} aria-labelledby="introspection">
      <h2 id="introspection" className={css.heading}>
        Introspection
      </h2>
      <dl className="facts">
        <dt>Endpoint</dt>
        <dd>
          {status.breaker_open ? (
            <Mark tone="bad" title="Requests with tokens that are not remembered get 503.">
              left alone after failures
            </Mark>
          ) : (
            <Mark tone={status.last_error ? "warn" : "ok"}>{status.last_error ? "failing" : "asked"}</Mark>
          )}
        </dd>
        <dt>Last error</dt>
        <dd>{status.last_error ?? <span className="dim">none</span>}</dd>
      </dl>
      <TokenTest agents={agents} />
    </section>
  );
}

function TokenTest({ agents }: { agents: string[] }) {
  const [agent, setAgent] = useState<string | null>(agents[0] ?? null);
  const [token, setToken] = useState("");
  const [tried, setTried] = useState(false);
  const bare = bareCredential(token).credential;
  const explain = useMutation({
    mutationFn: (name: string) => gateway.explain({ agent: name, credential: bare, live: true }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (agent && bare) explain.mutate(agent);
  };
  return (
    <>
      <form onSubmit={submit} autoComplete="off" noValidate>
        <Stack gap="sm">
          <AgentSelect
            label="Agent"
            value={agent}
            onChange={setAgent}
            placeholder="Choose an agent that accepts this provider"
            required
            error={tried && !agent ? "Choose an agent." : undefined}
          />
          <PasswordInput
            label="Token"
            description="The provider is asked about it now. The gateway neither stores nor logs it."
            autoComplete="off"
            value={token}
            onChange={(event) => setToken(event.currentTarget.value)}
            error={tried && !bare ? "Enter a token." : undefined}
          />
          <div>
            <Button type="submit" variant="default" loading={explain.isPending}>
              Ask the provider
            </Button>
          </div>
        </Stack>
      </form>
      <ExplainResult asked={explain} title="The token could not be explained" />
    </>
  );
}
