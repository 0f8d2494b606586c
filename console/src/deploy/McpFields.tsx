// What clients of an agent that speaks MCP are told, and who may use which tool, resource, prompt and method.
import { Stack, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { OperationRules } from "./OperationRules";
import { PlainFields } from "./PlainFields";
import { MCP_KINDS } from "./operationRules";
import { inSection } from "./plain";

export function McpFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>MCP</legend>
      <Stack gap="md">
        <div className={css.pair}>
          <TextInput
            label="Resource name"
            description="Clients show it; the display name by default"
            value={form.resourceName}
            error={error("resourceName")}
            onChange={(event) => edit({ resourceName: event.currentTarget.value })}
          />
          <TextInput
            label="Documentation"
            description="The URL of a page about the agent"
            placeholder="https://docs.example.com/refunds"
            spellCheck={false}
            value={form.documentation}
            error={error("documentation")}
            onChange={(event) => edit({ documentation: event.currentTarget.value })}
          />
        </div>
        <TagsInput
          label="Scopes that clients ask for"
          description="Empty: those that the agent requires. Name nothing that the identity provider refuses"
          value={form.scopesSupported}
          error={error("scopesSupported")}
          onChange={(scopesSupported) => edit({ scopesSupported })}
        />
        <PlainFields {...{ form, edit, error }} settings={inSection("mcp")} />
        <OperationRules
          kinds={MCP_KINDS}
          rules={form.mcpRules}
          error={error("mcpRules")}
          onChange={(mcpRules) => edit({ mcpRules })}
        />
      </Stack>
    </fieldset>
  );
}
