// Probes a provider on request: its metadata, its key set, its token endpoint.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { providers } from "../api/calls";
import type { ProviderDetail } from "../api/schemas";
import { text } from "../deploy/spec";
import { ErrorNotice } from "../parts/ErrorNotice";
import { ProbeResult } from "./ProbeResult";
import css from "./ProviderPage.module.css";

export function Metadata({ provider }: { provider: ProviderDetail }) {
  const { spec } = provider;
  const probe = useMutation({
    mutationFn: () =>
      providers.probe({
        issuer: provider.issuer,
        ...(spec.jwks_uri ? { jwks_uri: text(spec.jwks_uri) } : {}),
        ...(spec.insecure_http === true ? { insecure_http: true } : {}),
      }),
  });
  if (provider.status.next_due === null) return null;
  return (
    <section className={css.section} aria-labelledby="metadata">
      <h2 id="metadata" className={css.heading}>
        Provider metadata
      </h2>
      <p className="dim small">Fetches the metadata and the token endpoint now. Nothing is saved.</p>
      <Button variant="default" size="sm" loading={probe.isPending} onClick={() => probe.mutate()}>
        Probe
      </Button>
      {probe.isError && <ErrorNotice error={probe.error} title="The probe could not be run" />}
      {probe.data && (
        <div style={{ marginTop: "0.75rem" }}>
          <ProbeResult probe={probe.data} typed={provider.issuer} />
        </div>
      )}
    </section>
  );
}
