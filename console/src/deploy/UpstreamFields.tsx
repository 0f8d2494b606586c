// How the gateway connects to the agent: timeouts, trusted CAs, the Host header, and headers that it sets.
import { Stack, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { PlainFields } from "./PlainFields";
import { SetHeaders } from "./SetHeaders";
import { inSection } from "./plain";

export function UpstreamFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>Connection to the agent</legend>
      <Stack gap="md">
        <PlainFields {...{ form, edit, error }} settings={inSection("upstream")} />
        <div className={css.pair}>
          <TextInput
            label="CA file"
            description="On the gateway's disk; replaces the system's CA certificates for this agent"
            spellCheck={false}
            value={form.upstreamCaFile}
            error={error("upstreamCaFile")}
            onChange={(event) => edit({ upstreamCaFile: event.currentTarget.value })}
          />
          <TextInput
            label="Host header"
            description="rewrite (default): the upstream's host; preserve: the client's; or a name"
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
