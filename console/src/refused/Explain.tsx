// Explains what the gateway would decide on a credential, without sending anything to the agent.
import { Button, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { gateway } from "../api/calls";
import { AgentSelect } from "../parts/AgentSelect";
import { bareCredential } from "../test/credential";
import { forgetHandedOver, handedOver } from "../test/handOver";
import { ExplainResult } from "./ExplainResult";
import css from "./WhyRefused.module.css";

export function Explain({ initial }: { initial: string | null }) {
  const [agent, setAgent] = useState(initial);
  const [credential, setCredential] = useState(() => handedOver(initial));
  useEffect(forgetHandedOver, []);
  const bare = bareCredential(credential);
  const [tried, setTried] = useState(false);
  const explain = useMutation({
    mutationFn: (name: string) =>
      gateway.explain({ agent: name, ...(bare.credential ? { credential: bare.credential } : {}) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (agent) explain.mutate(agent);
  };
  return (
    <section className={`panel ${css.explain}`} aria-labelledby="explain">
      <h2 id="explain" className={css.heading}>
        Explain a token
      </h2>
      <form onSubmit={submit} autoComplete="off" noValidate>
        <Stack gap="sm">
          <AgentSelect
            label="Agent"
            value={agent}
            onChange={(name) => {
              setAgent(name);
              explain.reset();
            }}
            placeholder="Choose the agent that was called"
            required
            error={tried && !agent ? "Choose an agent." : undefined}
          />
          <Textarea
            label="Token or API key"
            description={
              bare.removed
                ? `“${bare.removed}” is not part of it and is left out.`
                : "The gateway checks it, and neither stores nor logs it."
            }
            autosize
            minRows={3}
            maxRows={8}
            spellCheck={false}
            autoComplete="off"
            classNames={{ input: "mono" }}
            value={credential}
            onChange={(event) => setCredential(event.currentTarget.value)}
          />
          <div>
            <Button type="submit" loading={explain.isPending}>
              Explain
            </Button>
          </div>
        </Stack>
      </form>
      <ExplainResult asked={explain} title="The credential could not be explained" />
    </section>
  );
}
