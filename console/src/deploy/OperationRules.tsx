// Rules by operation, one per row: the kind, the name, and who may.
import { Button, NativeSelect, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import { Rows } from "./Rows";
import {
  type Access,
  type OperationRule,
  type OperationRules as Rules,
  type RuleKind,
  saysMore,
} from "./operationRules";

interface Props {
  kinds: readonly RuleKind[];
  rules: Rules;
  error?: string;
  onChange: (rules: Rules) => void;
}

const KIND_WORDS: Record<RuleKind, string> = {
  tools: "Tool",
  resources: "Resource",
  prompts: "Prompt",
  methods: "Method",
  operations: "Operation",
};

const NAMES: Record<RuleKind, string> = {
  tools: "read_*",
  resources: "file:///public/*",
  prompts: "read_*",
  methods: "tasks/*",
  operations: "GetTask",
};

const ACCESS: { value: Access; label: string }[] = [
  { value: "allow", label: "Every caller" },
  { value: "block", label: "With scopes" },
  { value: "public", label: "Public" },
  { value: "deny", label: "Nobody" },
];

const ABOUT =
  "A name is exact, or ends in one *; the exact name wins, then the longest beginning. What the agent itself asks of callers comes first.";

export function OperationRules({ kinds, rules, error, onChange }: Props) {
  const { unlisted, rows } = rules;
  if (unlisted === null) {
    return (
      <div role="group" aria-label="Rules by operation">
        <Text size="sm" fw={600}>
          Rules by operation
        </Text>
        <Text size="xs" c="dimmed" mb={6}>
          There are none: whoever may call the agent may use all of it.
        </Text>
        <Button size="compact-sm" variant="default" onClick={() => onChange({ unlisted: "deny", rows: [] })}>
          Write rules
        </Button>
      </div>
    );
  }
  const [first = "tools"] = kinds;
  const empty: OperationRule = { kind: first, name: "", access: "allow", scopes: [], written: null };
  return (
    <Stack gap="md">
      <Rows
        legend="Rules by operation"
        about={ABOUT}
        one="rule"
        rows={rows}
        empty={empty}
        className={css.operation}
        error={error}
        onChange={(next) => onChange({ unlisted, rows: next })}
        fields={(row, change, nth) => <Row kinds={kinds} row={row} change={change} nth={nth} />}
      />
      <div className={css.pair}>
        <NativeSelect
          label="Without a rule"
          description="What becomes of an operation that no rule names"
          value={unlisted}
          data={[
            { value: "deny", label: "Nobody may" },
            { value: "allow", label: "Every caller may" },
          ]}
          onChange={(event) => onChange({ unlisted: event.currentTarget.value, rows })}
        />
        <div style={{ alignSelf: "end" }}>
          <Button variant="default" onClick={() => onChange({ unlisted: null, rows: [] })}>
            Remove all rules
          </Button>
        </div>
      </div>
    </Stack>
  );
}

interface RowProps {
  kinds: readonly RuleKind[];
  row: OperationRule;
  change: (part: Partial<OperationRule>) => void;
  nth: number;
}

function Row({ kinds, row, change, nth }: RowProps) {
  const label = (what: string) => `Rules by operation: ${what} ${nth}`;
  return (
    <>
      <NativeSelect
        aria-label={label("kind")}
        value={row.kind}
        data={kinds.map((value) => ({ value, label: KIND_WORDS[value] }))}
        onChange={(event) => change({ kind: event.currentTarget.value as RuleKind })}
      />
      <TextInput
        aria-label={label("name")}
        placeholder={NAMES[row.kind]}
        spellCheck={false}
        value={row.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <NativeSelect
        aria-label={label("who may")}
        value={row.access}
        data={ACCESS}
        onChange={(event) => change({ access: event.currentTarget.value as Access })}
      />
      {row.access === "block" && (
        <TagsInput
          className={css.scopes}
          aria-label={label("scopes, all of,")}
          placeholder={row.scopes.length ? undefined : "scopes, all of"}
          value={row.scopes}
          onChange={(scopes) => change({ scopes })}
          description={
            saysMore(row) ? "This rule says more, which is kept: the diff below shows it" : undefined
          }
        />
      )}
    </>
  );
}
