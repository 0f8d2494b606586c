// Headers that the gateway sets for the agent, such as a credential of its own. Their values are secrets: an existing
// value is not shown, and is kept until a new one is entered.
import { PasswordInput, TextInput } from "@mantine/core";
import { useState } from "react";
import css from "./DeployForm.module.css";
import { Rows } from "./Rows";
import type { SetHeader } from "./upstream";

interface Props {
  rows: SetHeader[];
  error?: string;
  onChange: (rows: SetHeader[]) => void;
}

const LEGEND = "Headers for the agent";
const ABOUT =
  "The gateway sets these last, for example a credential of its own. A value is kept secret, but a file on the gateway's disk is safer.";

export function SetHeaders({ rows, error, onChange }: Props) {
  const [known] = useState(() => new Set(rows.map((row) => row.name)));
  return (
    <Rows
      legend={LEGEND}
      about={ABOUT}
      one="header"
      rows={rows}
      empty={{ name: "", value: "", file: "" }}
      className={css.three}
      error={error}
      onChange={onChange}
      fields={(row, change, nth) => (
        <>
          <TextInput
            aria-label={`${LEGEND}: name ${nth}`}
            placeholder="Authorization"
            value={row.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <PasswordInput
            aria-label={`${LEGEND}: value ${nth}`}
            placeholder={row.file ? "from the file" : known.has(row.name) ? "unchanged" : "value"}
            autoComplete="new-password"
            disabled={row.file !== ""}
            value={row.value}
            onChange={(event) => change({ value: event.currentTarget.value })}
            visibilityToggleButtonProps={{ "aria-label": `Show the value ${nth}`, tabIndex: 0 }}
          />
          <TextInput
            aria-label={`${LEGEND}: file ${nth}`}
            placeholder="or a file"
            spellCheck={false}
            value={row.file}
            onChange={(event) => change({ file: event.currentTarget.value, value: "" })}
          />
        </>
      )}
    />
  );
}
