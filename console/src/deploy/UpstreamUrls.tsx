// Where the agent runs: one URL, or several targets over which requests are spread.
import { Button, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { Rows } from "./Rows";
import { NEW_TARGET, type TargetRow } from "./targets";

const LEGEND = "Targets";
const ABOUT =
  "Requests are spread over them by weight; 0 takes no new requests. All have the same scheme and path. A zone is for people.";

export function UpstreamUrls({ form, edit, error }: FieldProps) {
  if (form.targets.length === 0) {
    return (
      <div>
        <TextInput
          label="Upstream URL"
          description="Where the agent listens; unix:/run/agent.sock is a socket on the gateway's machine"
          placeholder="http://127.0.0.1:9000"
          required
          value={form.upstream}
          error={error("upstream")}
          onChange={(event) => edit({ upstream: event.currentTarget.value })}
        />
        <Button
          size="compact-sm"
          variant="default"
          mt="xs"
          onClick={() => edit({ targets: [{ ...NEW_TARGET, url: form.upstream }, NEW_TARGET] })}
        >
          It runs in several places
        </Button>
      </div>
    );
  }
  const change = (targets: TargetRow[]) => {
    // Without the last of them the agent runs where that one was.
    const [last] = form.targets;
    edit(targets.length === 0 ? { targets, upstream: last?.url ?? "" } : { targets });
  };
  return (
    <Rows
      legend={LEGEND}
      about={ABOUT}
      one="target"
      rows={form.targets}
      empty={NEW_TARGET}
      className={css.target}
      error={error("targets") ?? error("upstream")}
      onChange={change}
      fields={(row, changeRow, nth) => (
        <>
          <TextInput
            aria-label={`${LEGEND}: URL ${nth}`}
            placeholder="http://10.0.0.1:9000"
            spellCheck={false}
            value={row.url}
            onChange={(event) => changeRow({ url: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`${LEGEND}: weight ${nth}`}
            placeholder="weight 1"
            inputMode="numeric"
            value={row.weight}
            onChange={(event) => changeRow({ weight: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`${LEGEND}: zone ${nth}`}
            placeholder="zone"
            spellCheck={false}
            value={row.zone}
            onChange={(event) => changeRow({ zone: event.currentTarget.value })}
          />
        </>
      )}
    />
  );
}
