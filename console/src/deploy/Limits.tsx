// The limits of callers at this agent, one per row. Those of identity providers and of all agents are written there.
import { NativeSelect, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import { Rows } from "./Rows";
import { type LimitRow, type Measure, NEW_LIMIT, type Per } from "./limits";

interface Props {
  rows: LimitRow[];
  error?: string;
  onChange: (rows: LimitRow[]) => void;
}

const LEGEND = "Limits of callers";
const ABOUT =
  "How often, how many at once, or how many a day, somebody may ask. Begin with “Count only”, and look at what would be refused. Identity providers and files have limits of their own.";

const PER_WORDS: { value: Per; label: string }[] = [
  { value: "principal", label: "Each caller" },
  { value: "client_id", label: "Each client" },
  { value: "api_key", label: "Each API key" },
  { value: "address", label: "Each address" },
  { value: "agent", label: "All together" },
  { value: "claim", label: "Each value of a claim" },
];

const MEASURE_WORDS: Record<Measure, { option: string; label: string; example: string }> = {
  rate: { option: "Requests in a time", label: "Rate", example: "100/1m" },
  concurrent: { option: "Requests at once", label: "At once", example: "4" },
  quota: { option: "Requests a day or month", label: "Quota", example: "1000/day" },
};

export function Limits({ rows, error, onChange }: Props) {
  return (
    <Rows
      legend={LEGEND}
      about={ABOUT}
      one="limit"
      rows={rows}
      empty={NEW_LIMIT}
      className={css.limit}
      error={error}
      onChange={onChange}
      fields={(row, change, nth) => <Fields row={row} change={change} nth={nth} />}
    />
  );
}

interface RowProps {
  row: LimitRow;
  change: (part: Partial<LimitRow>) => void;
  nth: number;
}

function Fields({ row, change, nth }: RowProps) {
  const label = (what: string) => `${LEGEND}: ${what} ${nth}`;
  const isRate = row.measure === "rate";
  const measure = MEASURE_WORDS[row.measure];
  return (
    <div className={css.limitFields}>
      <TextInput
        label="Name"
        aria-label={label("name")}
        placeholder="per-caller"
        spellCheck={false}
        value={row.name}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
      <NativeSelect
        label="Counted by"
        aria-label={label("counted by")}
        value={row.per}
        data={PER_WORDS}
        onChange={(event) => change({ per: event.currentTarget.value as Per })}
      />
      {row.per === "claim" && (
        <TextInput
          label="Claim"
          aria-label={label("claim")}
          placeholder="tenant"
          spellCheck={false}
          value={row.claim}
          onChange={(event) => change({ claim: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="Limits"
        aria-label={label("what it limits")}
        value={row.measure}
        data={Object.entries(MEASURE_WORDS).map(([value, { option }]) => ({ value, label: option }))}
        onChange={(event) => change({ measure: event.currentTarget.value as Measure, value: "", burst: "" })}
      />
      <TextInput
        label={measure.label}
        aria-label={label(measure.label.toLowerCase())}
        placeholder={measure.example}
        inputMode={row.measure === "concurrent" ? "numeric" : undefined}
        spellCheck={false}
        value={row.value}
        onChange={(event) => change({ value: event.currentTarget.value })}
      />
      {isRate && (
        <TextInput
          label="Burst"
          aria-label={label("burst")}
          placeholder="that of the rate"
          inputMode="numeric"
          value={row.burst}
          onChange={(event) => change({ burst: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="Which requests"
        aria-label={label("which requests")}
        value={row.count}
        data={[
          { value: "all", label: "All that pass" },
          { value: "failed", label: "Wrong credentials" },
        ]}
        onChange={(event) => change({ count: event.currentTarget.value === "failed" ? "failed" : "all" })}
      />
      <NativeSelect
        label="Together with"
        aria-label={label("together with")}
        value={row.scope}
        data={[
          { value: "agent", label: "No other agent" },
          { value: "everywhere", label: "Agents with this limit" },
        ]}
        onChange={(event) =>
          change({ scope: event.currentTarget.value === "everywhere" ? "everywhere" : "agent" })
        }
      />
      <NativeSelect
        label="Beyond it"
        aria-label={label("beyond it")}
        value={row.enforcement}
        data={[
          { value: "enforce", label: "Refuse" },
          { value: "shadow", label: "Count only" },
        ]}
        onChange={(event) =>
          change({ enforcement: event.currentTarget.value === "shadow" ? "shadow" : "enforce" })
        }
      />
    </div>
  );
}
