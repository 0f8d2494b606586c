// The settings that most identity providers leave at their defaults.
import { MultiSelect, Stack, Switch, TextInput } from "@mantine/core";
import { useEffect, useState } from "react";
import css from "../deploy/DeployForm.module.css";
import { IntrospectionFields } from "./IntrospectionFields";
import type { Props } from "./SourceFields";
import { ALGORITHMS } from "./form";

export function MoreSettings({ form, edit, error, open }: Props & { open: boolean }) {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    if (open) setOpened(true);
  }, [open]);
  return (
    <details
      className={css.more}
      open={opened}
      onToggle={(event) => setOpened((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary>More</summary>
      <Stack gap="md" mt="sm">
        <MultiSelect
          label="Algorithms"
          description="Empty accepts every asymmetric algorithm; none and HS* are never accepted"
          data={[...new Set([...ALGORITHMS, ...form.algorithms])]}
          hidePickedOptions
          value={form.algorithms}
          error={error("algorithms")}
          onChange={(value) => edit({ algorithms: value })}
        />
        <TextInput
          label="Leeway"
          description="How far clocks may differ; default 30s"
          value={form.leeway}
          error={error("leeway")}
          onChange={(event) => edit({ leeway: event.currentTarget.value })}
        />
        <div className={css.pair}>
          <TextInput
            label="Refresh"
            description="How often keys are fetched; default 10m"
            value={form.refresh}
            error={error("refresh")}
            onChange={(event) => edit({ refresh: event.currentTarget.value })}
          />
          <TextInput
            label="Maximum key age"
            description="Older keys are not used; default 24h"
            value={form.maxStale}
            error={error("maxStale")}
            onChange={(event) => edit({ maxStale: event.currentTarget.value })}
          />
        </div>
        <div className={css.pair}>
          <TextInput
            label="CA file"
            description="On the gateway's disk; trusted besides the system's CA certificates when keys are fetched"
            placeholder="corp-ca.pem"
            spellCheck={false}
            value={form.caFile}
            error={error("caFile")}
            onChange={(event) => edit({ caFile: event.currentTarget.value })}
          />
          <TextInput
            label="Proxy for fetching"
            description="Empty uses HTTPS_PROXY of the environment; none connects directly"
            placeholder="http://proxy:3128"
            spellCheck={false}
            value={form.egressProxy}
            error={error("egressProxy")}
            onChange={(event) => edit({ egressProxy: event.currentTarget.value })}
          />
        </div>
        <TextInput
          label="Client claim"
          description="The claim that names the client; empty is the first of client_id, cid, azp and appid"
          spellCheck={false}
          value={form.clientClaim}
          error={error("clientClaim")}
          onChange={(event) => edit({ clientClaim: event.currentTarget.value })}
        />
        {form.introspects && <IntrospectionFields form={form} edit={edit} error={error} />}
        {form.pollsEvents && (
          <TextInput
            label="Security events: interval"
            description="How often the provider is asked for them; default 15s"
            value={form.eventsInterval}
            error={error("eventsInterval")}
            onChange={(event) => edit({ eventsInterval: event.currentTarget.value })}
          />
        )}
        <Switch
          label="Fetch keys over plain HTTP"
          description="Only for tests: anyone on the network path can replace the keys and forge tokens."
          checked={form.insecureHttp}
          error={error("insecureHttp")}
          onChange={(event) => edit({ insecureHttp: event.currentTarget.checked })}
        />
      </Stack>
    </details>
  );
}
