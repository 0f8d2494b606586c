// What the agent speaks, and the URL under which its clients know it.
import { Group, Radio, Stack, TextInput } from "@mantine/core";
import type { AgentProtocol } from "../api/schemas";
import { Notice } from "../parts/Notice";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import type { AgentForm } from "./form";

interface Props extends FieldProps {
  /** The form as it was read: what leaving its protocol loses is said. */
  before: AgentForm;
}

const WORDS: Record<AgentProtocol, string> = { http: "HTTP", mcp: "MCP", a2a: "A2A" };

export function ProtocolFields({ form, edit, error, before }: Props) {
  const { protocol } = form;
  const left = before.protocol !== "http" && before.protocol !== protocol;
  return (
    <Stack gap="md">
      <Radio.Group
        label="Protocol"
        description="What the agent speaks; of HTTP, the gateway reads the heads alone"
        value={protocol}
        error={error("protocol")}
        onChange={(value) => edit({ protocol: value as AgentProtocol })}
      >
        <Group gap="lg" mt={6} mb={4}>
          {Object.entries(WORDS).map(([value, label]) => (
            <Radio key={value} value={value} label={label} />
          ))}
        </Group>
      </Radio.Group>
      {left && (
        <Notice tone="warn" title={`The ${WORDS[before.protocol]} settings are removed`} role="status">
          <p>
            An agent that does not speak {WORDS[before.protocol]} cannot have them, its rules included. Choose{" "}
            {WORDS[before.protocol]} again to keep them.
          </p>
        </Notice>
      )}
      {protocol !== "http" && (
        <div className={css.pair}>
          <TextInput
            label="Public URL"
            description="Scheme and host under which clients reach the agent; empty: the gateway's own"
            placeholder="https://agents.example.com"
            spellCheck={false}
            value={form.publicUrl}
            error={error("publicUrl")}
            onChange={(event) => edit({ publicUrl: event.currentTarget.value })}
          />
          {protocol === "mcp" && (
            <TextInput
              label="MCP endpoint"
              description="Follows the path in the URL for clients; / is the path itself"
              placeholder="/mcp"
              spellCheck={false}
              value={form.endpoint}
              error={error("endpoint")}
              onChange={(event) => edit({ endpoint: event.currentTarget.value })}
            />
          )}
        </div>
      )}
    </Stack>
  );
}
