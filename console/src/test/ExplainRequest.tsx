// Explains the request of the Test page check by check, without sending it; with a client certificate, if there is one.
import { Button, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect } from "react";
import { join } from "../agent/curl";
import { gateway } from "../api/calls";
import type { AgentDetail, ExplainQuestion } from "../api/schemas";
import { ExplainResult } from "../refused/ExplainResult";
import css from "./TestPage.module.css";
import { wrongCertificate } from "./certificate";

interface Props {
  agent: AgentDetail;
  method: string;
  /** Below the agent's route. */
  path: string;
  headers: [string, string][];
  credential: string;
  certificate: string;
  onCertificate: (certificate: string) => void;
}

export function ExplainRequest({
  agent,
  method,
  path,
  headers,
  credential,
  certificate,
  onCertificate,
}: Props) {
  const explain = useMutation({ mutationFn: (question: ExplainQuestion) => gateway.explain(question) });
  const wrong = wrongCertificate(certificate);
  // What was explained was explained of another request.
  const { reset } = explain;
  const asked = JSON.stringify([method, path, headers, credential, certificate]);
  useEffect(reset, [reset, asked]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wrong) return;
    explain.mutate({
      agent: agent.name,
      method,
      path: join(agent.route.path, path),
      headers,
      ...(credential ? { credential } : {}),
      ...(certificate.trim() ? { client_certificate: certificate } : {}),
    });
  };
  return (
    <section className="panel" aria-labelledby="explain-request">
      <h2 id="explain-request" className={css.heading}>
        Explain without sending
      </h2>
      <form onSubmit={submit} autoComplete="off" noValidate>
        <Stack gap="sm">
          <p className="dim small" style={{ margin: 0 }}>
            The gateway says, check by check, what it makes of the request on this page, and when a stream
            would end. Nothing is sent to the agent.
          </p>
          {agent.authentication === "oauth" && (
            <Textarea
              label="Client certificate"
              description="PEM, the client’s own first; for tokens that are bound to one. Never its private key."
              autosize
              minRows={2}
              maxRows={8}
              spellCheck={false}
              autoComplete="off"
              classNames={{ input: "mono" }}
              value={certificate}
              error={wrong}
              onChange={(event) => onCertificate(event.currentTarget.value)}
            />
          )}
          <div>
            <Button type="submit" variant="default" loading={explain.isPending} disabled={wrong !== null}>
              Explain
            </Button>
          </div>
        </Stack>
      </form>
      <ExplainResult asked={explain} title="The request could not be explained" />
    </section>
  );
}
