// What is served as the card of an agent that speaks A2A, and who may use which operation.
import { NativeSelect, Stack, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { OperationRules } from "./OperationRules";
import { A2A_KINDS } from "./operationRules";
import { PlainFields } from "./PlainFields";
import { inSection } from "./plain";
import type { CardFrom } from "./protocol";

const CARDS: { value: CardFrom; label: string }[] = [
  { value: "rewrite", label: "The agent's, with the gateway's URLs and credentials" },
  { value: "passthrough", label: "The agent's, as it is" },
  { value: "file", label: "A file" },
];

export function A2aFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>A2A</legend>
      <Stack gap="md">
        <div className={css.pair}>
          <NativeSelect
            label="Agent card"
            description="What clients are served as the card of the agent"
            data={CARDS}
            value={form.cardFrom}
            error={error("cardFrom")}
            onChange={(event) => edit({ cardFrom: event.currentTarget.value as CardFrom })}
          />
          {form.cardFrom === "file" && (
            <TextInput
              label="Card file"
              description="On the gateway's disk; served byte for byte"
              placeholder="card.json"
              required
              spellCheck={false}
              value={form.cardFile}
              error={error("cardFile")}
              onChange={(event) => edit({ cardFile: event.currentTarget.value })}
            />
          )}
        </div>
        <PlainFields {...{ form, edit, error }} settings={inSection("a2a")} />
        <OperationRules
          kinds={A2A_KINDS}
          rules={form.a2aRules}
          error={error("a2aRules")}
          onChange={(a2aRules) => edit({ a2aRules })}
        />
      </Stack>
    </fieldset>
  );
}
