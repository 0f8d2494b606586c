// The state of the gateway: its decisions and their latency, its configuration, and the keys of its providers.
import { Button, Loader } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { gateway } from "../api/calls";
import { keys, useStatus, useTraffic } from "../api/queries";
import type { Status } from "../api/schemas";
import { OfThisMember } from "../fleet/OfThisMember";
import { BrokenDocuments } from "../parts/BrokenDocument";
import { ErrorNotice } from "../parts/ErrorNotice";
import { QueryError } from "../parts/QueryError";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { PageHead } from "../parts/PageHead";
import { useNow } from "../parts/Time";
import { plural, span } from "../parts/format";
import { useToast } from "../parts/toast";
import { ReadOnlyNotice, useReadOnly } from "../parts/writable";
import { Attention } from "./Attention";
import { FirstSteps } from "./FirstSteps";
import { KeyAges } from "./KeyAges";
import css from "./OverviewPage.module.css";
import { Refused } from "./Refused";
import { Tiles } from "./Tiles";
import { TrafficCharts } from "./TrafficCharts";
import { UpstreamFailures } from "./UpstreamFailures";

export default function OverviewPage() {
  const status = useStatus();
  const traffic = useTraffic();
  const queries = useQueryClient();
  const toast = useToast();
  const reload = useMutation({
    mutationFn: gateway.reload,
    onSuccess: (done) =>
      toast(
        done.result === "applied" ? "The configuration was reloaded and is live." : "Nothing has changed.",
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: keys.status }),
  });
  return (
    <>
      <PageHead
        title="Overview"
        about={
          status.data && (
            <>
              Running for <Running since={status.data.started_at} />, on{" "}
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
      <OfThisMember what="Traffic, listeners and ages of keys are those" />
      <div className={css.stack}>
        <QueryError query={status} title="The state of the gateway could not be read" />
        {reload.isError && <ErrorNotice error={reload.error} title="The configuration was not applied" />}
        {status.data && <Problems status={status.data} />}
        {status.isPending && <Loader role="img" aria-label="Loading" />}
        {status.data && <FirstSteps counts={status.data.counts} />}
        {status.data && <Tiles status={status.data} traffic={traffic.data} />}
        <UpstreamFailures some={traffic.data?.upstream_failed?.some((value) => value > 0) ?? false} />
        <QueryError query={traffic} title="The state of the gateway could not be read" />
        {traffic.data && <TrafficCharts traffic={traffic.data} />}
        {status.data && <KeyAges providers={status.data.identity_providers} />}
        {status.data && status.data.warnings.length > 0 && (
          <details className={`panel ${css.fold}`}>
            <summary>{plural(status.data.warnings.length, "warning")} in the configuration</summary>
            <Findings findings={status.data.warnings} />
          </details>
        )}
      </div>
    </>
  );
}

function Problems({ status }: { status: Status }) {
  const readOnly = useReadOnly();
  return (
    <>
      <Attention status={status} />
      <BrokenDocuments broken={status.broken_documents ?? []} />
      {status.refused && <Refused refused={status.refused} broken={status.broken_documents ?? []} />}
      {status.draining && (
        <Notice tone="warn" title="This gateway is draining">
          <p>It finishes running requests and accepts no new ones.</p>
        </Notice>
      )}
      <ReadOnlyNotice reason={readOnly} />
    </>
  );
}

function Running({ since }: { since: string }) {
  const seconds = Math.max(0, (useNow() - Date.parse(since)) / 1000);
  return <time dateTime={since}>{span(seconds)}</time>;
}
