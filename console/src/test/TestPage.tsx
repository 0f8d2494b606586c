// Sends a real request through the gateway to one agent, and shows the response as it arrives.
import { Button, Group, NativeSelect, Stack, Switch, TextInput, Textarea } from "@mantine/core";
import { IconPlayerStop, IconSend } from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { AgentFrame } from "../agent/AgentFrame";
import { curlLine } from "../agent/curl";
import { type AgentDetail, TRIAL_METHODS } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import { ErrorNotice } from "../parts/ErrorNotice";
import { useTokenLine } from "../vendors/useTokenLine";
import { Credential } from "./Credential";
import { Decided } from "./Decided";
import { ExplainRequest } from "./ExplainRequest";
import { JudgeMessage } from "./JudgeMessage";
import { Response } from "./Response";
import css from "./TestPage.module.css";
import { bareCredential } from "./credential";
import { useDraft } from "./drafts";
import { hasRules } from "./judged";
import { methodOf, parseHeaders, pathBelow, withType } from "./request";
import { useTest } from "./useTest";

export default function TestPage() {
  return <AgentFrame>{(agent) => <Shown key={agent.name} agent={agent} />}</AgentFrame>;
}

function Shown({ agent }: { agent: AgentDetail }) {
  const test = useTest(agent.name);
  const token = useTokenLine(agent);
  const [draft, change] = useDraft(agent.name);
  const [sent, setSent] = useState("");
  const [shown, setShown] = useState(false);
  const { method, path, body } = draft;
  const credential = bareCredential(draft.credential).credential;
  const { headers: typed, wrong } = parseHeaders(draft.headers);
  const below = pathBelow(path);
  const bare = method === "GET" || method === "HEAD";
  const payload = bare || body === "" ? null : body;
  const headers = withType(typed, payload);
  const ruled = hasRules(agent.spec);
  const response = useRef<HTMLElement>(null);
  const running = test.response?.running ?? false;

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (wrong || running) return;
    response.current?.scrollIntoView({ block: "nearest" });
    setSent(credential);
    void test.send({ method, path: below, headers, body: payload, credential: credential || null });
  };
  const line = curlLine(agent, {
    method,
    path: below,
    headers,
    body: payload,
    credential: shown && credential ? credential : undefined,
  });

  return (
    <div className={css.grid}>
      <Stack gap="md">
        <section className="panel" aria-labelledby="credential">
          <h2 id="credential" className={css.heading}>
            Credential
          </h2>
          <Credential
            agent={agent}
            value={draft.credential}
            onChange={(value) => change({ credential: value })}
          />
        </section>
        <section className="panel" aria-labelledby="request">
          <h2 id="request" className={css.heading}>
            Request
          </h2>
          <form onSubmit={send}>
            <Stack gap="sm">
              <div className={css.first}>
                <NativeSelect
                  label="Method"
                  data={[...TRIAL_METHODS]}
                  value={method}
                  onChange={(event) => change({ method: methodOf(event.currentTarget.value) })}
                />
                <TextInput
                  label="Path"
                  placeholder="/"
                  value={path}
                  onChange={(event) => change({ path: event.currentTarget.value })}
                />
              </div>
              <p className="dim small" style={{ margin: 0 }}>
                Below <code>{agent.url}</code>
              </p>
              <Textarea
                label="Headers"
                description="One per line, Name: value. The credential is added where the agent reads it."
                autosize
                minRows={2}
                maxRows={8}
                spellCheck={false}
                value={draft.headers}
                error={wrong}
                onChange={(event) => change({ headers: event.currentTarget.value })}
              />
              {!bare && (
                <Textarea
                  label="Body"
                  description="Sent as application/json, unless a Content-Type header is set above"
                  autosize
                  minRows={3}
                  maxRows={14}
                  spellCheck={false}
                  value={body}
                  onChange={(event) => change({ body: event.currentTarget.value })}
                />
              )}
              <Group>
                <Button
                  type="submit"
                  leftSection={<IconSend size={16} aria-hidden />}
                  loading={running}
                  disabled={wrong !== null}
                >
                  Send
                </Button>
                {running && (
                  <Button
                    variant="default"
                    leftSection={<IconPlayerStop size={16} aria-hidden />}
                    onClick={test.stop}
                  >
                    Stop
                  </Button>
                )}
              </Group>
            </Stack>
          </form>
        </section>
        <ExplainRequest
          agent={agent}
          method={method}
          path={below}
          headers={headers}
          credential={credential}
          certificate={draft.certificate}
          onCertificate={(certificate) => change({ certificate })}
        />
        {ruled && (
          <JudgeMessage
            agent={agent.name}
            protocol={ruled}
            credential={credential}
            headers={typed}
            judged={draft.judged}
            onChange={(judged) => change({ judged })}
          />
        )}
        <section className="panel" aria-labelledby="curl">
          <h2 id="curl" className={css.heading}>
            The same with curl
          </h2>
          {token && !(shown && credential) && (
            <div className={css.token}>
              <CodeLine text={token} what="the command that fetches a token" />
            </div>
          )}
          <CodeLine text={line} what="the curl command" />
          {agent.authentication !== "public" && (
            <Switch
              mt="sm"
              size="sm"
              label="Include the credential"
              description={credential ? undefined : "Enter a credential first"}
              disabled={!credential}
              checked={shown && Boolean(credential)}
              onChange={(event) => setShown(event.currentTarget.checked)}
            />
          )}
        </section>
      </Stack>
      <section ref={response} className={`panel ${css.response}`} aria-labelledby="response">
        <h2 id="response" className={css.heading}>
          Response
        </h2>
        {test.error !== null && <ErrorNotice error={test.error} title="The test request could not be sent" />}
        <Response response={test.response} />
        {test.response?.head && (
          <Decided agent={agent} requestId={requestIdIn(test.response.head.headers)} credential={sent} />
        )}
      </section>
    </div>
  );
}

function requestIdIn(headers: [string, string][]): string | null {
  return headers.find(([name]) => name.toLowerCase() === "x-request-id")?.[1] ?? null;
}
