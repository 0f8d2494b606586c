// Rules about claims of the token, a row each.
import { ActionIcon, Button, Checkbox, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import css from "./DeployForm.module.css";
import type { ClaimRule } from "./claims";

interface Props {
  legend: string;
  rules: ClaimRule[];
  error?: string;
  onChange: (rules: ClaimRule[]) => void;
}

export function ClaimRules({ legend, rules, error, onChange }: Props) {
  const change = (index: number, rule: Partial<ClaimRule>) =>
    onChange(rules.map((old, at) => (at === index ? { ...old, ...rule } : old)));
  return (
    <div role="group" aria-label={legend}>
      <Text size="sm" fw={600}>
        {legend}
      </Text>
      <Text size="xs" c="dimmed" mb={6}>
        Dots walk into objects. Values compare by JSON type: 42 is a number, &quot;42&quot; is text. A * at
        the end of a value stands for anything.
      </Text>
      <Stack gap="xs">
        {rules.map((rule, index) => (
          <div className={css.rule} key={index}>
            <TextInput
              aria-label={`${legend}: claim ${index + 1}`}
              placeholder="tenant"
              value={rule.claim}
              onChange={(event) => change(index, { claim: event.currentTarget.value })}
            />
            <TagsInput
              aria-label={`${legend}: values ${index + 1}`}
              placeholder={rule.values.length ? undefined : "acme"}
              value={rule.values}
              isDuplicate={(value, values) => values.includes(value)}
              onChange={(values) => change(index, { values })}
            />
            <Checkbox
              aria-label={`${legend}: names of the members ${index + 1}`}
              label="Names"
              title="The claim is an object: compare the names of its members, such as roles of Zitadel"
              checked={rule.keysOf}
              onChange={(event) => change(index, { keysOf: event.currentTarget.checked })}
            />
            <ActionIcon
              variant="default"
              size={36}
              aria-label={`${legend}: remove rule ${index + 1}`}
              onClick={() => onChange(rules.filter((_, at) => at !== index))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </div>
        ))}
        {error && (
          <Text size="xs" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        )}
        <div>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => onChange([...rules, { claim: "", values: [], keysOf: false }])}
            aria-label={`${legend}: add a rule`}
          >
            Add a rule
          </Button>
        </div>
      </Stack>
    </div>
  );
}
