// How the gateway talks to the agent: time-outs, trust, the host that it names, and headers that it sets.
import { Stack, TextInput } from "@mantine/core";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { SetHeaders } from "./SetHeaders";

export function UpstreamFields({ form, edit, error }: FieldProps) {
  return (
    <fieldset className={css.section}>
      <legend>To the agent</legend>
      <Stack gap="md">
        <div className={css.pair}>
          <TextInput
            label="Connect time-out"
            description="Default 5s"
            value={form.connectTimeout}
            error={error("connectTimeout")}
            onChange={(event) => edit({ connectTimeout: event.currentTarget.value })}
          />
          <TextInput
            label="Response time-out"
            description="Until the answer begins; default 60s. An agent that thinks longer needs more"
            value={form.responseTimeout}
            error={error("responseTimeout")}
            onChange={(event) => edit({ responseTimeout: event.currentTarget.value })}
          />
        </div>
        <div className={css.pair}>
          <TextInput
            label="Silent streams end after"
            description="Default off: a stream may be silent for as long as it likes"
            placeholder="off"
            value={form.streamIdleTimeout}
            error={error("streamIdleTimeout")}
            onChange={(event) => edit({ streamIdleTimeout: event.currentTarget.value })}
          />
          <TextInput
            label="Kept connections rest for"
            description="Default 30s; less than the agent keeps them"
            value={form.idleTimeout}
            error={error("idleTimeout")}
            onChange={(event) => edit({ idleTimeout: event.currentTarget.value })}
          />
        </div>
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
