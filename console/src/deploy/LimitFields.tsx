// Enforcement, limits, and every setting without a section of its own.
import { Radio, Stack, TagsInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { Limits } from "./Limits";
import { PlainFields } from "./PlainFields";
import { inSection } from "./plain";

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
              description="Every request is allowed; those that would be refused are counted and logged."
            />
          </Stack>
        </Radio.Group>
        <TagsInput
          label="Methods"
          description="Only these reach the agent, others get 405; empty means every method"
          value={form.methods}
          error={error("methods")}
          onChange={(methods) => edit({ methods })}
        />
        <Limits rows={form.limits} error={error("limits")} onChange={(limits) => edit({ limits })} />
        <PlainFields {...{ form, edit, error }} settings={inSection(null)} />
      </Stack>
    </fieldset>
  );
}
