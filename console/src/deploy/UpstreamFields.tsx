// How the gateway talks to the agent: time-outs, trust, the host that it names, and headers that it sets.
import { Stack, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { PlainFields } from "./PlainFields";
import { SetHeaders } from "./SetHeaders";
import { PLAIN, inUpstream } from "./plain";

export function UpstreamFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>To the agent</legend>
      <Stack gap="md">
        <PlainFields {...{ form, edit, error }} settings={PLAIN.filter(inUpstream)} />
        <div className={css.pair}>
          <TextInput
            label="CA file"
            description="On the gateway's disk: what is trusted for this agent instead of the system's certificates"
            spellCheck={false}
            value={form.upstreamCaFile}
            error={error("upstreamCaFile")}
            onChange={(event) => edit({ upstreamCaFile: event.currentTarget.value })}
          />
          <TextInput
            label="Host header"
            description="rewrite (default): the upstream's own; preserve: the caller's; or a name"
            placeholder="rewrite"
            spellCheck={false}
            value={form.upstreamHost}
            error={error("upstreamHost")}
            onChange={(event) => edit({ upstreamHost: event.currentTarget.value })}
          />
        </div>
        <SetHeaders
          rows={form.setHeaders}
          error={error("setHeaders")}
          onChange={(setHeaders) => edit({ setHeaders })}
        />
      </Stack>
    </fieldset>
  );
}
