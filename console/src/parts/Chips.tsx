// A row of choices of which at most one is on.
import css from "./Chips.module.css";

interface Props<Value extends string> {
  label: string;
  choices: readonly { value: Value; label: string }[];
  value: Value | null;
  onChange: (value: Value | null) => void;
}

export function Chips<Value extends string>({ label, choices, value, onChange }: Props<Value>) {
  return (
    <div role="group" aria-label={label} className={css.row}>
      {choices.map((choice) => {
        const on = choice.value === value;
        return (
          <button
            key={choice.value}
            type="button"
            className={css.chip}
            aria-pressed={on}
            onClick={() => onChange(on ? null : choice.value)}
          >
            {choice.label}
          </button>
        );
      })}
    </div>
  );
}
