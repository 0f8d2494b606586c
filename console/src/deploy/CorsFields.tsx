// The CORS settings of an agent.
import { Checkbox, NativeSelect, Stack, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

export function CorsFields({ form, edit, error }: FieldProps) {
  const on = form.corsOrigins.length > 0 || form.corsPreset !== "";
  return (
    <fieldset className={css.section}>
      <legend>CORS</legend>
      <Stack gap="md">
        <NativeSelect
          label="Preset"
          description="What clients of MCP in a browser need; the lists here are added to it"
          value={form.corsPreset}
          data={[
            { value: "", label: "None" },
            { value: "mcp", label: "MCP" },
          ]}
          error={error("corsPreset")}
          onChange={(event) => edit({ corsPreset: event.currentTarget.value })}
        />
        <TagsInput
          label="Allowed origins"
          description={`Such as https://app.example.com, https://*.example.com, or * for all; ${form.corsPreset ? "empty allows all" : "empty disables CORS"}`}
          value={form.corsOrigins}
          error={error("corsOrigins")}
          onChange={(value) => edit({ corsOrigins: value })}
        />
        {!on && (
          <p className="dim small">Methods, headers and cookies can be set once an origin is allowed.</p>
        )}
        {on && (
          <>
            <TagsInput
              label="Allowed methods"
              description="Empty allows GET, HEAD and POST"
              value={form.corsMethods}
              error={error("corsMethods")}
              onChange={(value) => edit({ corsMethods: value })}
            />
            <TagsInput
              label="Allowed headers"
              description="Empty allows the credential header and Content-Type"
              value={form.corsHeaders}
              error={error("corsHeaders")}
              onChange={(value) => edit({ corsHeaders: value })}
            />
            <TagsInput
              label="Exposed headers"
              value={form.corsExposed}
              error={error("corsExposed")}
              onChange={(value) => edit({ corsExposed: value })}
            />
            <Checkbox
              label="Browsers may send cookies"
              checked={form.corsCredentials}
              error={error("corsCredentials")}
              onChange={(event) => edit({ corsCredentials: event.currentTarget.checked })}
            />
            <TextInput
              label="Browsers cache the preflight response for"
              description="Such as 1h, the default"
              value={form.corsMaxAge}
              error={error("corsMaxAge")}
              onChange={(event) => edit({ corsMaxAge: event.currentTarget.value })}
            />
          </>
        )}
      </Stack>
    </fieldset>
  );
}
