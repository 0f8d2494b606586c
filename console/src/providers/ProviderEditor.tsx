// The form of an identity provider: its issuer, the source of its keys, a probe, and a review before a change when
// agents use it.
import { Button, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError } from "../api/client";
import { PROVIDER_BOUNDS, type ProviderDetail } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { misfits } from "../parts/bounds";
import { focusFirstInvalid, useFirstField } from "../parts/focus";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { type Scope, useUnsaved } from "../unsaved/unsaved";
import css from "../deploy/DeployForm.module.css";
import { inField } from "../deploy/fields";
import { MoreSettings } from "./MoreSettings";
import { ProbeResult } from "./ProbeResult";
import { Review } from "./Review";
import { SourceFields } from "./SourceFields";
import { Template } from "./Template";
import { type ProviderField, type ProviderForm, fieldOf, formOf, missing, nameFor, specOf } from "./form";
import { namedIssuer } from "./issuer";
import { useProbe, useSave } from "./useSave";

interface Props {
  provider: ProviderDetail | null;
  onClose: () => void;
  onSaved?: (name: string) => void;
  scope: Scope;
}

export default function ProviderEditor({ provider, onClose, onSaved, scope }: Props) {
  const formRef = useFirstField();
  const [original] = useState(() => provider?.spec ?? {});
  const [first] = useState<ProviderForm>(() => formOf(original));
  const [form, setForm] = useState<ProviderForm>(first);
  const [typedName, setName] = useState<string | null>(provider?.name ?? null);
  const [tried, setTried] = useState(false);
  const readOnly = useReadOnly(provider?.managed_by, provider?.file);
  const name =
    typedName ??
    nameFor(form.source === "spiffe" ? `https://${form.trustDomain.trim()}` : form.issuer.trim());
  const changed =
    JSON.stringify(form) !== JSON.stringify(first) || (!provider && typedName !== null && typedName !== "");
  const settle = useUnsaved(changed, scope);

  const spec = specOf(form, original);
  const probe = useProbe(form);
  const { save, review, reset } = useSave({
    provider,
    name,
    spec,
    settle,
    onClose,
    onSaved,
  });

  const edit = (change: Partial<ProviderForm>) => {
    reset();
    setForm((before) => ({ ...before, ...change }));
  };

  const absent = missing(form, name);
  const beyond = misfits(PROVIDER_BOUNDS, spec);
  const failed = save.error ?? review.error;
  const refusal = failed instanceof ApiError ? failed : null;
  const beside: Partial<Record<ProviderField, string>> = {};
  const rest = [...beyond, ...(refusal?.diagnostics ?? [])].filter((finding) => {
    const ours = finding.resource === null || finding.resource === `identity_providers/${name}`;
    const field = ours && finding.severity === "error" ? fieldOf(finding.path) : null;
    if (field) beside[field] = inField(finding);
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
    if (Object.keys(absent).length === 0 && beyond.length === 0 && !readOnly) {
      if (provider && provider.used_by_total > 0) review.mutate();
      else save.mutate(false);
    } else {
      focusFirstInvalid();
    }
  };

  const unsafe = refusal?.code === "not_accepted";
  if (review.data && (!refusal || unsafe)) {
    return (
      <>
        {failed && <ErrorNotice error={failed} title="Not saved: the probe failed" />}
        <Review
          written={review.data}
          refused={unsafe}
          saving={save.isPending}
          onSave={(force) => save.mutate(force)}
          onBack={reset}
        />
      </>
    );
  }

  const named = probe.data ? namedIssuer(probe.data.problems) : null;
  return (
    <form
      ref={formRef}
      onSubmit={submit}
      noValidate
      aria-label={provider ? `Edit ${provider.name}` : "Add identity provider"}
    >
      <Stack gap="lg">
        <ReadOnlyNotice reason={readOnly} inDrawer />
        <fieldset className={css.fields} disabled={readOnly !== null || save.isPending}>
          <Stack gap="lg">
            <Template isNew={!provider} issuer={form.issuer} onIssuer={(issuer) => edit({ issuer })} />
            <SourceFields form={form} edit={edit} error={error} />
            {(form.source === "discovery" || form.source === "jwks_uri") && (
              <div className={css.probe}>
                <Button
                  variant="default"
                  loading={probe.isPending}
                  disabled={!canProbe}
                  title={canProbe ? undefined : "Enter what is to be probed first"}
                  onClick={() => probe.mutate()}
                >
                  Probe
                </Button>
                <span className="dim small">
                  The gateway asks the provider now and shows what it finds. Nothing is saved.
                </span>
              </div>
            )}
            {probe.isError && <ErrorNotice error={probe.error} title="The probe could not be run" />}
            {probe.data && (
              <ProbeResult probe={probe.data} typed={form.issuer.trim()}>
                {named !== null && named !== form.issuer.trim() && (
                  <Button size="xs" variant="default" onClick={() => edit({ issuer: named })}>
                    Use the issuer of the metadata: {named}
                  </Button>
                )}
              </ProbeResult>
            )}
            {!provider && (
              <TextInput
                label="Name"
                description="How agents refer to it: lowercase letters, digits and dashes"
                required
                value={name}
                error={error("name")}
                onChange={(event) => {
                  reset();
                  setName(event.currentTarget.value.trim());
                }}
              />
            )}
            <MoreSettings form={form} edit={edit} error={error} open={Object.keys(beside).length > 0} />
          </Stack>
        </fieldset>
        {failed && (
          <ErrorNotice
            title={refusal?.status === 412 ? "Not saved: it was changed in the meantime" : "Not saved"}
            error={
              refusal
                ? new ApiError(refusal.status, refusal.code, refusal.message, { diagnostics: rest })
                : failed
            }
          >
            {refusal?.status === 412 && (
              <p>
                {provider
                  ? "Close this form and open it again to see the current settings."
                  : "An identity provider with this name already exists. Choose another name."}
              </p>
            )}
          </ErrorNotice>
        )}
        <div className={css.foot}>
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending || review.isPending} {...off(readOnly)}>
            {provider && provider.used_by_total > 0 ? "Review the change" : "Save"}
          </Button>
        </div>
      </Stack>
    </form>
  );
}
