// The limits of callers at this agent, one per row. Those of identity providers and of all agents are written there.
import css from "./DeployForm.module.css";
import { OneLimit } from "./OneLimit";
import { Rows } from "./Rows";
import { type LimitRow, NEW_LIMIT } from "./limits";

interface Props {
  rows: LimitRow[];
  error?: string;
  onChange: (rows: LimitRow[]) => void;
}

const LEGEND = "Limits of callers";
const ABOUT =
  "How often, how many at once, or how many a day, somebody may ask. Begin with “Count only”, and look at what would be refused. Identity providers have limits of their own, and so have all agents together.";

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
      fields={(row, change, nth) => (
        <OneLimit row={row} change={change} label={(what) => `${LEGEND}: ${what} ${nth}`} />
      )}
    />
  );
}
