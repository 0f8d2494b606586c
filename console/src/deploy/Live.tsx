// The result of a deploy: the revision that is live, and how to call the agent.
import { Button, Group, Stack } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import { CallLines } from "../agent/CallLines";
import { useAgent, useStatus } from "../api/queries";
import type { Written } from "../api/schemas";
import { Reached } from "../fleet/Reached";
import { useThisMember } from "../fleet/useFleet";
import { useUndo } from "../history/useUndo";
import { CopyButton } from "../parts/CopyButton";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { millis } from "../parts/format";
import type { AgentForm } from "./form";
import { receives } from "./receives";
import { aboutAgent } from "./warnings";

interface Props {
  name: string;
  form: AgentForm;
  written: Written;
  ms: number;
  isNew: boolean;
  onClose: () => void;
}

export function Live({ name, form, written, ms, isNew, onClose }: Props) {
  const [, go] = useLocation();
  const first = useRef<HTMLButtonElement>(null);
  useEffect(() => first.current?.focus(), []);
  const agent = useAgent(name).data;
  const gateway = useStatus();
  const undo = useUndo()(`agents/${name}`, written);
  const warnings = aboutAgent(written.warnings, name);
  const home = `/agents/${encodeURIComponent(name)}`;
  const self = useThisMember();
  const refusedHere = self !== null && (written.fleet?.refused ?? []).includes(self);
  return (
    <Stack gap="md">
      <Notice
        tone={refusedHere ? "warn" : "ok"}
        title={refusedHere ? `${name} is deployed, and ${self} refuses it` : `${name} is live`}
        role="status"
      >
        <p>
          {self ?? "This gateway"} runs revision <code>{written.live.slice(0, 12)}</code>
          {written.revision !== null && <> (number {written.revision})</>}, after {millis(ms)}.
        </p>
        <p>{receives(form, gateway.data?.public_url ?? null)}</p>
      </Notice>
      <Reached answered={written.fleet} />
      {warnings.length > 0 && (
        <Notice tone="warn" title="Warnings">
          <Findings findings={warnings} />
        </Notice>
      )}
      {agent && (
        <section aria-label="Call it">
          <p style={{ margin: "0 0 0.5rem" }}>
            <strong>Endpoint</strong> <code data-testid="live-endpoint">{agent.url}</code>{" "}
            <CopyButton text={agent.url} what="the endpoint" />
          </p>
          {agent.protocol !== "http" && (
            <p style={{ margin: "0 0 0.5rem" }}>
              <strong>URL for clients</strong> <code>{agent.client_url}</code>{" "}
              <CopyButton text={agent.client_url} what="the URL for clients" />
            </p>
          )}
          <CallLines agent={agent} />
        </section>
      )}
      <Group>
        <Button ref={first} onClick={() => go(`${home}/test`)}>
          Send a test request
        </Button>
        {form.authentication === "api_key" && (
          <Button variant="default" onClick={() => go(`${home}/api-keys`)}>
            Create an API key
          </Button>
        )}
        <Button variant="default" onClick={() => go(`${home}/callers`)}>
          Page for callers
        </Button>
        {isNew && (
          <Button variant="default" onClick={() => go(home)}>
            Open the agent
          </Button>
        )}
        {!isNew && undo && (
          <Button
            variant="default"
            onClick={() => {
              undo.act();
              onClose();
            }}
          >
            Undo this deploy
          </Button>
        )}
        <Button variant="default" onClick={onClose}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
