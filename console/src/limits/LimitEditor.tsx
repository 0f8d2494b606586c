// The form of a limit of the callers of every agent, and the review of what it changes before it is saved.
import { Button, Group, Stack } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/client";
import type { LimitDetail } from "../api/schemas";
import css from "../deploy/DeployForm.module.css";
import { type LimitField, OneLimit } from "../deploy/OneLimit";
import { inField } from "../deploy/fields";
import type { LimitRow } from "../deploy/limits";
import { DiffView } from "../parts/DiffView";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Findings } from "../parts/Findings";
import { focusFirstInvalid } from "../parts/focus";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { useUnsaved } from "../unsaved/unsaved";
import { differs, fieldOf, missing, rowOf, specOf } from "./limit";
import { useSaveLimit } from "./useSaveLimit";

interface Props {
  limit: LimitDetail | null;
  onClose: () => void;
}

export default function LimitEditor({ limit, onClose }: Props) {
  const [first] = useState(() => rowOf(limit));
  const [row, setRow] = useState(first);
  const [tried, setTried] = useState(false);
  const readOnly = useReadOnly(limit?.managed_by, limit?.file);
  const settle = useUnsaved(differs(row, first));
  const name = row.name.trim();
  const { save, review, reset } = useSaveLimit({ limit, name, spec: specOf(row), settle, onClose });

  const change = (part: Partial<LimitRow>) => {
    reset();
    setRow((before) => ({ ...before, ...part }));
  };
  const absent = missing(row);
  const failed = save.error ?? review.error;
  const { beside, rest } = sorted(failed, name, row);
  const errors = tried ? { ...beside, ...absent } : beside;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(absent).length > 0) focusFirstInvalid();
    else if (!readOnly) review.mutate();
  };

  if (review.data && !failed) {
    return (
      <Stack gap="md" data-testid="review">
        <Findings findings={review.data.warnings} />
        <DiffView diff={review.data.diff} label="Diff of this change" />
        <Group justify="flex-end">
          <Button variant="default" onClick={reset}>
            Back to the form
          </Button>
          <Button
            loading={save.isPending}
            disabled={review.data.diff.trim() === ""}
            onClick={() => save.mutate()}
          >
            Save
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit} noValidate aria-label={limit ? `Edit ${limit.name}` : "Add limit"}>
      <Stack gap="lg">
        <ReadOnlyNotice reason={readOnly} inDrawer />
        <fieldset className={css.fields} disabled={readOnly !== null}>
          <OneLimit row={row} change={change} named={limit === null} errors={errors} />
        </fieldset>
        {failed && (
          <ErrorNotice title={titleOf(failed)} error={rest}>
            {isStale(failed) && (
              <p>
                {limit
                  ? "Close this form and open it again to see the current settings."
                  : "A limit with this name already exists. Choose another name."}
              </p>
            )}
          </ErrorNotice>
        )}
        <div className={css.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={review.isPending} {...off(readOnly)}>
            Review the change
          </Button>
        </div>
      </Stack>
    </form>
  );
}

const isStale = (failed: Error) => failed instanceof ApiError && failed.status === 412;

const titleOf = (failed: Error) =>
  isStale(failed) ? "Not saved: it was changed in the meantime" : "Not saved";

/** The findings that have a field, and what is left to say. */
function sorted(failed: Error | null, name: string, row: LimitRow) {
  const beside: Partial<Record<LimitField, string>> = {};
  if (!(failed instanceof ApiError)) return { beside, rest: failed };
  const diagnostics = failed.diagnostics.filter((finding) => {
    const isOurs = finding.resource === null || finding.resource === `limits/${name}`;
    const field = isOurs && finding.severity === "error" ? fieldOf(finding.path, row) : null;
    if (field) beside[field] = inField(finding);
    return !field;
  });
  return { beside, rest: failed.with(diagnostics) };
}
