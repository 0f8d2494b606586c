// The end of a deploy: the gateway runs the new revision.
import { Button, Group, Stack } from "@mantine/core";
import { useEffect, useRef } from "react";
import { useLocation } from "wouter";
import type { Written } from "../api/types";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { millis } from "../parts/format";
import type { AgentForm } from "./form";
import { receives } from "./receives";

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
  const warnings = written.warnings.filter((one) => one.resource === `agents/${name}`);
  const home = `/agents/${encodeURIComponent(name)}`;
  return (
    <Stack gap="md">
      <Notice tone="ok" title={`${name} is live`} role="status">
        <p>
          This gateway runs revision <code>{written.live.slice(0, 12)}</code>
          {written.revision !== null && <> (number {written.revision})</>}, after {millis(ms)}.
        </p>
        <p>{receives(form)}</p>
      </Notice>
      {warnings.length > 0 && (
        <Notice tone="warn" title="Warnings">
          <Findings findings={warnings} />
        </Notice>
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
        {isNew && (
          <Button variant="default" onClick={() => go(home)}>
            Open the agent
          </Button>
        )}
        <Button variant="default" onClick={onClose}>
          Done
        </Button>
      </Group>
    </Stack>
  );
}
