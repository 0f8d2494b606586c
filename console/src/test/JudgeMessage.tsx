// Judges a message by an agent's rules without sending it: an operation, or a message that is pasted.
import { Autocomplete, Button, Group, Radio, Stack, TextInput, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { gateway } from "../api/calls";
import type { ExplainQuestion } from "../api/schemas";
import { ExplainResult } from "../refused/ExplainResult";
import css from "./TestPage.module.css";
import { type Judged, OPERATIONS, questionOf } from "./judged";

interface Props {
  agent: string;
  protocol: "mcp" | "a2a";
  credential: string;
  headers: [string, string][];
  judged: Judged;
  onChange: (judged: Judged) => void;
}

export function JudgeMessage({ agent, protocol, credential, headers, judged, onChange }: Props) {
  const [missing, setMissing] = useState<string | null>(null);
  const explain = useMutation({ mutationFn: (question: ExplainQuestion) => gateway.explain(question) });
  // What was judged was judged for another credential.
  const { reset } = explain;
  useEffect(reset, [reset, credential]);
  const change = (part: Partial<Judged>) => {
    setMissing(null);
    reset();
    onChange({ ...judged, ...part });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const asked = questionOf(agent, protocol, judged, headers, credential);
    if ("missing" in asked) setMissing(asked.missing);
    else explain.mutate(asked.question);
  };
  return (
    <section className="panel" aria-labelledby="judge">
      <h2 id="judge" className={css.heading}>
        Judge a message
      </h2>
      <form onSubmit={submit} autoComplete="off" noValidate>
        <Stack gap="sm">
          <p className="dim small" style={{ margin: 0 }}>
            The gateway says what its rules make of it, for the credential and with the headers on this page.
            Nothing is sent to the agent.
          </p>
          <Radio.Group
            label="What to judge"
            value={judged.by}
            onChange={(value) => change({ by: value === "message" ? "message" : "operation" })}
          >
            <Group mt={4} gap="md">
              <Radio value="operation" label="An operation" />
              <Radio value="message" label="A whole message" />
            </Group>
          </Radio.Group>
          {judged.by === "operation" ? (
            <div className={css.operation}>
              <Autocomplete
                label="Operation"
                placeholder={OPERATIONS[protocol][0]}
                data={[...OPERATIONS[protocol]]}
                value={judged.method}
                error={missing}
                onChange={(method) => change({ method })}
              />
              {protocol === "mcp" && (
                <TextInput
                  label="Name or URI"
                  spellCheck={false}
                  value={judged.name}
                  onChange={(event) => change({ name: event.currentTarget.value })}
                />
              )}
            </div>
          ) : (
            <Textarea
              label="Message"
              description="One JSON-RPC message, byte for byte as a client sends it"
              autosize
              minRows={4}
              maxRows={14}
              spellCheck={false}
              classNames={{ input: "mono" }}
              value={judged.message}
              error={missing}
              onChange={(event) => change({ message: event.currentTarget.value })}
            />
          )}
          <div>
            <Button type="submit" variant="default" loading={explain.isPending}>
              Judge
            </Button>
          </div>
        </Stack>
      </form>
      <ExplainResult asked={explain} title="The message could not be judged" />
    </section>
  );
}
