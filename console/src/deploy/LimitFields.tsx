// Whether refusals are enforced, and how much an agent takes.
import { Radio, Stack, Switch, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";

export function LimitFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Enforcement and limits</legend>
      <Stack gap="md">
        <Radio.Group
          label="Enforcement"
          value={form.enforcement}
          error={error("enforcement")}
          onChange={(value) => edit({ enforcement: value === "shadow" ? "shadow" : "enforce" })}
        >
          <Stack gap={6} mt={6}>
            <Radio value="enforce" label="Enforce" description="Refused requests stop at the gateway." />
            <Radio
              value="shadow"
              label="Shadow"
              description="Every request is let through; what would be refused is counted and logged."
            />
          </Stack>
        </Radio.Group>
        <TagsInput
          label="Methods"
          description="Only these reach the agent, others get 405; empty is every method"
          value={form.methods}
          error={error("methods")}
          onChange={(methods) => edit({ methods })}
        />
        <Switch
          label="WebSocket upgrades pass"
          checked={form.websocket}
          error={error("websocket")}
          onChange={(event) => edit({ websocket: event.currentTarget.checked })}
        />
        <div className={css.pair}>
          <TextInput
            label="Largest request body"
            description="Such as 10MiB; empty is no limit"
            value={form.maxBody}
            error={error("maxBody")}
            onChange={(event) => edit({ maxBody: event.currentTarget.value })}
          />
          <TextInput
            label="Most requests under way"
            description="At the agent at one time; default 4096"
            inputMode="numeric"
            value={form.maxInFlight}
            error={error("maxInFlight")}
            onChange={(event) => edit({ maxInFlight: event.currentTarget.value })}
          />
        </div>
      </Stack>
    </fieldset>
  );
}
