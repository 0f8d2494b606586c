// Claims that the agent receives as request headers, one per row.
import { TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import { Rows } from "./Rows";
import type { ClaimHeader } from "./form";

interface Props {
  rows: ClaimHeader[];
  error?: string;
  onChange: (rows: ClaimHeader[]) => void;
}

export function ClaimHeaders(props: Props) {
  return (
    <Rows
      legend="Claim headers"
      about="The agent receives the claim in this header. A header of that name from the caller is removed."
      one="header"
      empty={{ claim: "", header: "" }}
      className={css.row}
      {...props}
      fields={(row, change, nth) => (
        <>
          <TextInput
            aria-label={`Claim headers: claim ${nth}`}
            placeholder="sub"
            value={row.claim}
            onChange={(event) => change({ claim: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Claim headers: header ${nth}`}
            placeholder="X-Caller-Sub"
            value={row.header}
            onChange={(event) => change({ header: event.currentTarget.value })}
          />
        </>
      )}
    />
  );
}
