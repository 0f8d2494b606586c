// The form of an identity provider: its issuer, where its keys are, a probe before it is saved.
import { Button, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useLocation } from "wouter";
import { type Precondition, providers } from "../api/calls";
import { ApiError } from "../api/client";
import { keys } from "../api/queries";
import type { ProviderDetail } from "../api/types";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Notice } from "../parts/Notice";
import { useToast } from "../parts/toast";
import { useFirstField } from "../parts/useFirstField";
import { off, useReadOnly } from "../parts/writable";
import css from "../deploy/DeployForm.module.css";
import { MoreSettings } from "./MoreSettings";
import { ProbeResult } from "./ProbeResult";
import { SourceFields } from "./SourceFields";
import { type ProviderField, type ProviderForm, fieldOf, formOf, missing, nameFor, specOf } from "./form";

interface Props {
  provider: ProviderDetail | null;
  onClose: () => void;
}

export default function ProviderEditor({ provider, onClose }: Props) {
  const place = useFirstField();
  const [original] = useState(() => provider?.spec ?? {});
  const [on] = useState<Precondition>(() => (provider ? { ifMatch: provider.etag } : { ifAbsent: true }));
  const [form, setForm] = useState<ProviderForm>(() => formOf(original));
  const [typedName, setName] = useState<string | null>(provider?.name ?? null);
  const [tried, setTried] = useState(false);
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const readOnly = useReadOnly(provider?.managed_by, provider?.file);
  const name = typedName ?? nameFor(form.issuer.trim());

  const probe = useMutation({
    mutationFn: () =>
      providers.probe({
        issuer: form.issuer.trim(),
        ...(form.source === "jwks_uri" ? { jwks_uri: form.jwksUri.trim() } : {}),
        ...(form.insecureHttp ? { insecure_http: true } : {}),
      }),
  });
  const save = useMutation({
    mutationFn: () => providers.put(name, specOf(form, original), on),
    onSuccess: () => {
      toast(`${name} is saved, and this gateway runs with it.`);
      go(`/identity-providers/${encodeURIComponent(name)}`);
      if (provider) onClose();
    },
    onSettled: () =>
      Promise.all(
        [keys.providers, keys.status, keys.agents].map((queryKey) => queries.invalidateQueries({ queryKey })),
      ),
  });

  const edit = (change: Partial<ProviderForm>) => {
    if (save.isError) save.reset();
    setForm((before) => ({ ...before, ...change }));
  };
  const rename = (next: string) => {
    if (save.isError) save.reset();
    setName(next);
  };

  const absent = missing(form, name);
  const refusal = save.error instanceof ApiError ? save.error : null;
  const beside: Partial<Record<ProviderField, string>> = {};
  const rest = (refusal?.diagnostics ?? []).filter((finding) => {
    const ours = finding.resource === null || finding.resource === `identity_providers/${name}`;
    const field = ours && finding.severity === "error" ? fieldOf(finding.path) : null;
    if (field) beside[field] = finding.help ? `${finding.message} (${finding.help})` : finding.message;
    return !field;
  });
  const errors = tried ? { ...beside, ...absent } : beside;
  const error = (field: ProviderField) => errors[field];
  const canProbe =
    form.issuer.trim() !== "" &&
    (form.source === "discovery" || (form.source === "jwks_uri" && form.jwksUri.trim() !== ""));

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(absent).length === 0 && !readOnly) save.mutate();
    else {
      requestAnimationFrame(() =>
        document.querySelector<HTMLElement>("[role=dialog] [aria-invalid=true]")?.focus(),
      );
    }
  };

  return (
    <form
      ref={place}
      onSubmit={submit}
      noValidate
      aria-label={provider ? `Edit ${provider.name}` : "Add identity provider"}
    >
      <Stack gap="lg">
        {readOnly && (
          <Notice tone="note" title="Read only">
            <p>{readOnly}</p>
          </Notice>
        )}
        <fieldset className={css.fields} disabled={readOnly !== null || save.isPending}>
          <Stack gap="lg">
            <SourceFields form={form} edit={edit} error={error} />
            {(form.source === "discovery" || form.source === "jwks_uri") && (
              <div className={css.probe}>
                <Button
                  variant="default"
                  loading={probe.isPending}
                  disabled={!canProbe}
                  onClick={() => probe.mutate()}
                >
                  Probe
                </Button>
                <span className="dim small">
                  The gateway asks the provider now and shows what it finds. Nothing is saved.
                </span>
              </div>
            )}
            {probe.isError && <ErrorNotice error={probe.error} title="The probe could not be made" />}
            {probe.data && <ProbeResult probe={probe.data} typed={form.issuer.trim()} />}
            {!provider && (
              <TextInput
                label="Name"
                description="What agents call it: small letters, digits and dashes"
                required
                value={name}
                error={error("name")}
                onChange={(event) => rename(event.currentTarget.value.trim())}
              />
            )}
            <MoreSettings form={form} edit={edit} error={error} open={Object.keys(beside).length > 0} />
          </Stack>
        </fieldset>
        {save.isError && (
          <ErrorNotice
            title={
              refusal?.status === 412
                ? "Not saved: it was changed meanwhile"
                : "The gateway does not take this"
            }
            error={
              refusal
                ? new ApiError(refusal.status, refusal.code, refusal.message, {
                    diagnostics: rest,
                  })
                : save.error
            }
          >
            {refusal?.status === 412 && (
              <p>
                {provider
                  ? "Close this and open it again to see what is there now."
                  : "There is an identity provider of this name already. Choose another name."}
              </p>
            )}
          </ErrorNotice>
        )}
        <div className={css.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending} {...off(readOnly)}>
            Save
          </Button>
        </div>
      </Stack>
    </form>
  );
}
