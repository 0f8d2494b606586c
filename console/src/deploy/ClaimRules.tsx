// Rules about claims of the token, one per row.
import { Checkbox, TagsInput, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import { Rows } from "./Rows";
import type { ClaimRule } from "./claims";

interface Props {
  legend: string;
  rules: ClaimRule[];
  error?: string;
  onChange: (rules: ClaimRule[]) => void;
}

const ABOUT =
  'A dot selects a member of an object. Values are compared by JSON type: 42 is a number, "42" is a string. A * at the end of a value matches anything.';

export function ClaimRules({ legend, rules, error, onChange }: Props) {
  return (
    <Rows
      legend={legend}
      about={ABOUT}
      one="rule"
      rows={rules}
      empty={{ claim: "", values: [], keysOf: false }}
      className={css.rule}
      error={error}
      onChange={onChange}
      fields={(rule, change, nth) => (
        <>
          <TextInput
            aria-label={`${legend}: claim ${nth}`}
            placeholder="tenant"
            value={rule.claim}
            onChange={(event) => change({ claim: event.currentTarget.value })}
          />
          <TagsInput
            aria-label={`${legend}: values ${nth}`}
            placeholder={rule.values.length ? undefined : "acme"}
            value={rule.values}
            isDuplicate={(value, values) => values.includes(value)}
            onChange={(values) => change({ values })}
          />
          <Checkbox
            aria-label={`${legend}: names of the members ${nth}`}
            label="Member names"
            title="The claim is an object: compare the names of its members, such as the roles in tokens of Zitadel"
            checked={rule.keysOf}
            onChange={(event) => change({ keysOf: event.currentTarget.checked })}
          />
        </>
      )}
    />
  );
}
