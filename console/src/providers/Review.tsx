// The review of a change to a provider that agents use: the affected agents, a probe of the new settings, and the
// diff.
import { Button, Group, Stack } from "@mantine/core";
import type { Written } from "../api/schemas";
import { DiffView } from "../parts/DiffView";
import { Notice } from "../parts/Notice";
import { plural, span } from "../parts/format";
import { ProbeResult } from "./ProbeResult";

interface Props {
  written: Written;
  /** The gateway has already refused to save it, because the probe failed. */
  refused: boolean;
  saving: boolean;
  onSave: (force: boolean) => void;
  onBack: () => void;
}

export function Review({ written, refused, saving, onSave, onBack }: Props) {
  const { impact, probe } = written;
  const failed = refused || probe?.ok === false;
  const same = written.diff.trim() === "";
  return (
    <Stack gap="md" data-testid="review">
      {impact && (
        <Notice tone={failed ? "bad" : "warn"} title="Agents use this provider">
          <p>
            {plural(impact.agents.length, "agent")}, {plural(impact.calls, "request")} in{" "}
            {lately(impact.window_seconds)}: {impact.agents.slice(0, 5).join(", ")}
            {impact.agents.length > 5 && ` and ${impact.agents.length - 5} more`}.
          </p>
        </Notice>
      )}
      {probe && <ProbeResult probe={probe} typed={probe.issuer} />}
      <DiffView diff={written.diff} label="Diff of this change" />
      {failed && (
        <Notice tone="bad" title="With these settings, callers of these agents would be refused">
          <p>The probe failed. Save anyway only if the provider is not running yet.</p>
        </Notice>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onBack}>
          Back to the form
        </Button>
        <Button
          color={failed ? "red.9" : undefined}
          loading={saving}
          disabled={same}
          onClick={() => onSave(failed)}
        >
          {failed ? "Save anyway" : "Save"}
        </Button>
      </Group>
    </Stack>
  );
}

const lately = (seconds: number) => (seconds === 300 ? "five minutes" : span(seconds));
