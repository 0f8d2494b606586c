// The fields of one limit of callers, in a list or alone.
import { NativeSelect, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import {
  COUNTED,
  type Counting,
  type LimitRow,
  type Measure,
  type OnLoss,
  type Per,
  isTogether,
  measuredBy,
} from "./limits";

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

const COUNTING_WORDS: Record<Counting, string> = {
  local_share: "Each counts its part",
  shared: "Together, in the background",
  strict: "Together, asked each time",
};

const ON_LOSS_WORDS: { value: OnLoss; label: string }[] = [
  { value: "share", label: "Each lets its part in" },
  { value: "allow", label: "Let all in" },
  { value: "deny", label: "Refuse all" },
];

/** The parts that a message can stand beside. */
export type LimitField = "name" | "per" | "claim" | "value" | "burst" | "counting" | "onLoss";

interface Props {
  row: LimitRow;
  change: (part: Partial<LimitRow>) => void;
  /** The whole label of a field, where there are several limits; without it, the fields are labelled as they are shown. */
  label?: (what: string) => string;
  /** Whether its name is one of the fields. */
  named?: boolean;
  errors?: Partial<Record<LimitField, string>>;
}

export function OneLimit({ row, change, label: whole, named = true, errors = {} }: Props) {
  const label = (what: string) => whole?.(what);
  const isRate = row.measure === "rate";
  const measure = MEASURE_WORDS[row.measure];
  return (
    <div className={css.limitFields}>
      {named && (
        <TextInput
          label="Name"
          aria-label={label("name")}
          placeholder="per-caller"
          spellCheck={false}
          value={row.name}
          error={errors.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="Counted by"
        aria-label={label("counted by")}
        value={row.per}
        error={errors.per}
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
          error={errors.claim}
          onChange={(event) => change({ claim: event.currentTarget.value })}
        />
      )}
      <NativeSelect
        label="Limits"
        aria-label={label("what it limits")}
        value={row.measure}
        data={Object.entries(MEASURE_WORDS).map(([value, { option }]) => ({ value, label: option }))}
        onChange={(event) => change(measuredBy(event.currentTarget.value as Measure, row))}
      />
      <TextInput
        label={measure.label}
        aria-label={label(measure.label.toLowerCase())}
        placeholder={measure.example}
        inputMode={row.measure === "concurrent" ? "numeric" : undefined}
        spellCheck={false}
        value={row.value}
        error={errors.value}
        onChange={(event) => change({ value: event.currentTarget.value })}
      />
      {isRate && (
        <TextInput
          label="Burst"
          aria-label={label("burst")}
          placeholder="that of the rate"
          inputMode="numeric"
          value={row.burst}
          error={errors.burst}
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
      {COUNTED[row.measure].length > 1 && (
        <NativeSelect
          label="Gateways of a fleet"
          aria-label={label("gateways of a fleet")}
          value={row.counting}
          error={errors.counting}
          data={COUNTED[row.measure].map((value) => ({ value, label: COUNTING_WORDS[value] }))}
          onChange={(event) => change({ counting: event.currentTarget.value as Counting })}
        />
      )}
      {isTogether(row) && (
        <NativeSelect
          label="While Redis is away"
          aria-label={label("while Redis is away")}
          value={row.onLoss}
          error={errors.onLoss}
          data={ON_LOSS_WORDS}
          onChange={(event) => change({ onLoss: event.currentTarget.value as OnLoss })}
        />
      )}
    </div>
  );
}
