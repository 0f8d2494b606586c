// How the gateway is doing: what it decides and how fast, whether its configuration and its keys are fresh.
import { Button, Loader } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { gateway } from "../api/calls";
import { keys, useStatus, useTraffic } from "../api/queries";
import type { Status } from "../api/types";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { PageHead } from "../parts/PageHead";
import { Time } from "../parts/Time";
import { useToast } from "../parts/toast";
import { ReadOnlyNotice, useReadOnly } from "../parts/writable";
import { FirstSteps } from "./FirstSteps";
import { KeyAges } from "./KeyAges";
import css from "./OverviewPage.module.css";
import { Tiles } from "./Tiles";
import { TrafficCharts } from "./TrafficCharts";

export default function OverviewPage() {
  const status = useStatus();
  const traffic = useTraffic();
  const queries = useQueryClient();
  const toast = useToast();
  const reload = useMutation({
    mutationFn: gateway.reload,
    onSuccess: (done) =>
      toast(done.result === "applied" ? "The configuration is read again and live." : "Nothing has changed."),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.status }),
  });
  return (
    <>
      <PageHead
        title="Overview"
        about={
          status.data && (
            <>
              Running since <Time at={status.data.started_at} />, on{" "}
              {status.data.listeners.map((one) => `${one.address}${one.tls ? " (TLS)" : ""}`).join(", ")}
            </>
          )
        }
        actions={
          <Button
            variant="default"
            leftSection={<IconRefresh size={16} aria-hidden />}
            loading={reload.isPending}
            onClick={() => reload.mutate()}
          >
            Reload the configuration
          </Button>
        }
      />
      <div className={css.stack}>
        {status.isError && <ErrorNotice error={status.error} onRetry={() => void status.refetch()} />}
        {reload.isError && <ErrorNotice error={reload.error} title="Nothing was taken over" />}
        {status.data && <Trouble status={status.data} />}
        {status.isPending && <Loader role="img" aria-label="Loading" />}
        {status.data && <FirstSteps counts={status.data.counts} />}
        {status.data && <Tiles status={status.data} traffic={traffic.data} />}
        {traffic.isError && <ErrorNotice error={traffic.error} onRetry={() => void traffic.refetch()} />}
        {traffic.data && <TrafficCharts traffic={traffic.data} />}
        {status.data && <KeyAges providers={status.data.identity_providers} />}
        {status.data && status.data.warnings.length > 0 && (
          <section className="panel" aria-labelledby="warnings">
            <h2 id="warnings" className={css.heading}>
              Warnings of the configuration
            </h2>
            <Findings findings={status.data.warnings} />
          </section>
        )}
      </div>
    </>
  );
}

function Trouble({ status }: { status: Status }) {
  const readOnly = useReadOnly();
  return (
    <>
      {status.refused && (
        <Notice tone="bad" title="A configuration was refused" role="alert">
          <p>
            <Time at={status.refused.at} />: what was written could not be taken over as it stands. The last
            good configuration keeps running; correct these and it is taken over by itself.
          </p>
          <Findings findings={status.refused.diagnostics} />
        </Notice>
      )}
      {status.draining && (
        <Notice tone="warn" title="This gateway is draining">
          <p>It lets running requests end and takes no new ones.</p>
        </Notice>
      )}
      <ReadOnlyNotice reason={readOnly} />
    </>
  );
}
