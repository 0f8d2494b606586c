// A real request through the gateway to one agent, and its answer as it arrives.
import { Button, Group, NativeSelect, Stack, Switch, TextInput, Textarea } from "@mantine/core";
import { IconPlayerStop, IconSend } from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { useParams } from "wouter";
import { AgentFrame } from "../agent/AgentFrame";
import { curlLine } from "../agent/curl";
import { useAgent } from "../api/queries";
import type { AgentDetail } from "../api/types";
import { CodeLine } from "../parts/CodeLine";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Credential } from "./Credential";
import { Response } from "./Response";
import css from "./TestPage.module.css";
import { parseHeaders, pathBelow } from "./request";
import { useTest } from "./useTest";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

export default function TestPage() {
  const { name = "" } = useParams();
  const agent = useAgent(name);
  return (
    <AgentFrame name={name} query={agent}>
      {(data) => <Shown key={data.name} agent={data} />}
    </AgentFrame>
  );
}

function Shown({ agent }: { agent: AgentDetail }) {
  const test = useTest(agent.name);
  const [method, setMethod] = useState("GET");
  const [path, setPath] = useState("");
  const [typed, setTyped] = useState("");
  const [body, setBody] = useState("");
  const [credential, setCredential] = useState("");
  const [shown, setShown] = useState(false);
  const { headers, wrong } = parseHeaders(typed);
  const below = pathBelow(path);
  const bare = method === "GET" || method === "HEAD";
  const response = useRef<HTMLElement>(null);
  const running = test.answer?.running ?? false;

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (wrong || running) return;
    response.current?.scrollIntoView({ block: "nearest" });
    void test.send({
      method,
      path: below,
      headers,
      body: bare || body === "" ? null : body,
      credential: credential.trim() || null,
    });
  };
  const line = curlLine(agent, {
    method,
    path: below,
    headers,
    body: bare ? null : body,
    credential: shown && credential.trim() ? credential.trim() : undefined,
  });

  return (
    <div className={css.grid}>
      <Stack gap="md">
        <section className="panel" aria-labelledby="credential">
          <h2 id="credential" className={css.heading}>
            Credential
          </h2>
          <Credential agent={agent} value={credential} onChange={setCredential} />
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
                  data={METHODS}
                  value={method}
                  onChange={(event) => setMethod(event.currentTarget.value)}
                />
                <TextInput
                  label="Path"
                  placeholder="/"
                  value={path}
                  onChange={(event) => setPath(event.currentTarget.value)}
                />
              </div>
              <p className="dim small" style={{ margin: 0 }}>
                Below <code>{agent.url}</code>
              </p>
              <Textarea
                label="Headers"
                description="A line each, Name: value. The credential is put where the agent reads it."
                autosize
                minRows={2}
                maxRows={8}
                spellCheck={false}
                value={typed}
                error={wrong}
                onChange={(event) => setTyped(event.currentTarget.value)}
              />
              {!bare && (
                <Textarea
                  label="Body"
                  autosize
                  minRows={3}
                  maxRows={14}
                  spellCheck={false}
                  value={body}
                  onChange={(event) => setBody(event.currentTarget.value)}
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
        <section className="panel" aria-labelledby="curl">
          <h2 id="curl" className={css.heading}>
            The same with curl
          </h2>
          <CodeLine text={line} what="the curl line" />
          {agent.authentication !== "public" && (
            <Switch
              mt="sm"
              size="sm"
              label="Write the credential into the line"
              disabled={!credential.trim()}
              checked={shown && Boolean(credential.trim())}
              onChange={(event) => setShown(event.currentTarget.checked)}
            />
          )}
        </section>
      </Stack>
      <section ref={response} className={`panel ${css.response}`} aria-labelledby="response">
        <h2 id="response" className={css.heading}>
          Response
        </h2>
        {test.error !== null && <ErrorNotice error={test.error} title="The test could not be made" />}
        <Response answer={test.answer} agent={agent.name} />
      </section>
    </div>
  );
}
