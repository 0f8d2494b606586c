// A rejected change of the configuration with its findings, errors first. Broken documents show their own.
import type { BrokenDocument, Status } from "../api/schemas";
import { Findings, split } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { Time } from "../parts/Time";
import { plural } from "../parts/format";
import { besides } from "./besides";

interface Props {
  refused: NonNullable<Status["refused"]>;
  broken: BrokenDocument[];
}

export function Refused({ refused, broken }: Props) {
  const findings = besides(refused.diagnostics, broken);
  const { errors } = split(findings);
  if (errors.length === 0 && broken.length > 0) return null;
  return (
    <Notice
      tone="bad"
      title={`A change of the configuration was rejected: ${plural(errors.length, "error")}`}
      role="alert"
    >
      <p>
        It was rejected <Time at={refused.at} past />. The last good configuration stays live. Fix{" "}
        {errors.length === 1 ? "the error" : "the errors"}, and the gateway applies the change automatically.
      </p>
      <Findings findings={findings} />
    </Notice>
  );
}
