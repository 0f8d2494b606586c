// A change of the configuration that was rejected: what is wrong with it, errors first.
import type { Status } from "../api/types";
import { Findings, split } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { Time } from "../parts/Time";
import { plural } from "../parts/format";

export function Refused({ refused }: { refused: NonNullable<Status["refused"]> }) {
  const { errors } = split(refused.diagnostics);
  return (
    <Notice
      tone="bad"
      title={`A change of the configuration was rejected: ${plural(errors.length, "error")}`}
      role="alert"
    >
      <p>
        <Time at={refused.at} past />. The last good configuration keeps running. Correct{" "}
        {errors.length === 1 ? "the error" : "the errors"}, and the change is applied by itself.
      </p>
      <Findings findings={refused.diagnostics} />
    </Notice>
  );
}
