// The deploy form: its fields, the gateway's findings, the diff, and the deploy.
import { Button, Progress, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type Precondition, agents } from "../api/calls";
import { ApiError } from "../api/client";
import { keys, useProviders, useStatus } from "../api/queries";
import { AGENT_BOUNDS, type AgentDetail, type Authentication, type JsonObject } from "../api/schemas";
import { useIsFleet } from "../fleet/useFleet";
import { DiffView } from "../parts/DiffView";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { misfits } from "../parts/bounds";
import { focusFirstInvalid, useFirstField } from "../parts/focus";
import { ReadOnlyNotice, off, useReadOnly } from "../parts/writable";
import { useUnsaved } from "../unsaved/unsaved";
import { AddProvider } from "./AddProvider";
import { AuthenticationFields } from "./AuthenticationFields";
import { Conflict } from "./Conflict";
import css from "./DeployForm.module.css";
import { IdentityFields } from "./IdentityFields";
import { Live } from "./Live";
import { MoreFields } from "./MoreFields";
import { ProtocolFields } from "./ProtocolFields";
import { Switching } from "./Switching";
import { type Field, missing, sortFindings } from "./fields";
import { type AgentForm, formOf, rebase, specOf } from "./form";
import { receives } from "./receives";
import { usePreview } from "./usePreview";
import { aboutAgent } from "./warnings";

interface Props {
  agent: AgentDetail | null;
  onClose: () => void;
  wanted?: Authentication;
}

interface Base {
  spec: JsonObject;
  on: Precondition;
}

export default function DeployForm({ agent, onClose, wanted }: Props) {
  const formRef = useFirstField();
  const queries = useQueryClient();
  const readOnly = useReadOnly(agent?.managed_by, agent?.file);
  const providers = useProviders();
  const gateway = useStatus();
  const inFleet = useIsFleet();
  const [base, setBase] = useState<Base>(() =>
    agent ? { spec: agent.spec, on: { ifMatch: agent.etag } } : { spec: {}, on: { ifAbsent: true } },
  );
  const [adding, setAdding] = useState(false);
  const [name, setName] = useState(agent?.name ?? "");
  const [form, setForm] = useState<AgentForm>(() => {
    const read = formOf(base.spec);
    return wanted ? { ...read, authentication: wanted } : read;
  });
  const [tried, setTried] = useState(false);
  const errorsBox = useRef<HTMLDivElement>(null);

  const spec = specOf(form, base.spec);
  const absent = missing(form, name);
  const beyond = misfits(AGENT_BOUNDS, spec);
  const complete = Object.keys(absent).length === 0 && beyond.length === 0;

  const deploy = useMutation({
    mutationFn: async () => {
      const began = performance.now();
      const written = await agents.put(name, spec, base.on);
      return { written, ms: performance.now() - began };
    },
    onSettled: () =>
      Promise.all(
        [keys.agents, keys.status, keys.fleet, ["revisions"], keys.apiKeys(name), keys.providers].map(
          (queryKey) => queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  // The error of a deploy is about the form as it was then.
  const rename = (next: string) => {
    if (deploy.isError) deploy.reset();
    setName(next);
  };
  const changed = JSON.stringify(form) !== JSON.stringify(formOf(base.spec)) || (!agent && name !== "");
  useUnsaved(changed && !deploy.isSuccess);

  const edit = (change: Partial<AgentForm>) => {
    if (deploy.isError) deploy.reset();
    setForm((before) => ({ ...before, ...change }));
  };
  const preview = usePreview(
    { name, spec, on: base.on },
    complete && !readOnly,
    deploy.isPending || deploy.isSuccess,
  );

  const failed = deploy.error ?? preview.error;
  const refusal = failed instanceof ApiError ? failed : null;
  const conflict = refusal?.status === 412;
  const said = sortFindings([...beyond, ...(refusal?.diagnostics ?? [])], `agents/${name}`, !agent);
  const errors: Partial<Record<Field, string>> = tried ? { ...said.beside, ...absent } : said.beside;
  const error = (field: Field) => errors[field];

  useEffect(() => {
    if (deploy.error) errorsBox.current?.scrollIntoView({ block: "nearest" });
  }, [deploy.error]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!complete || readOnly || deploy.isPending) {
      focusFirstInvalid();
      return;
    }
    deploy.mutate();
  };

  if (deploy.isSuccess) {
    return <Live name={name} form={form} {...deploy.data} isNew={!agent} onClose={onClose} />;
  }

  const empty = providers.data?.total === 0;
  const warnings = aboutAgent(preview.written?.warnings ?? [], name);
  const unchanged = preview.current && preview.written?.diff.trim() === "";
  return (
    <>
      <form
        ref={formRef}
        onSubmit={submit}
        noValidate
        aria-label={agent ? `Deploy ${agent.name}` : "New agent"}
      >
        <Stack gap="lg">
          <ReadOnlyNotice reason={readOnly} inDrawer />
          <fieldset className={css.fields} disabled={Boolean(readOnly) || deploy.isPending}>
            <Stack gap="lg">
              {!agent && (
                <IdentityFields form={form} edit={edit} error={error} name={name} onName={rename} isNew />
              )}
              <ProtocolFields form={form} edit={edit} error={error} before={formOf(base.spec)} />
              <AuthenticationFields
                form={form}
                edit={edit}
                error={error}
                providers={providers.data?.items ?? []}
                noProviders={empty === true}
                onAddProvider={() => setAdding(true)}
              />
              <Switching from={agent?.authentication ?? null} to={form.authentication} agent={agent} />
              <Notice tone="note" title="What the agent will receive">
                <p aria-live="polite" data-testid="receives">
                  {receives(form, gateway.data?.public_url ?? null)}
                </p>
              </Notice>
              <MoreFields form={form} edit={edit} error={error} isNew={!agent} open={said.more} />
            </Stack>
          </fieldset>

          <div ref={errorsBox} className={css.errors}>
            {conflict && (
              <Conflict
                name={name}
                head={refusal?.head ?? null}
                isNew={!agent}
                onLoad={(newest, keep) => {
                  deploy.reset();
                  setBase({ spec: newest.spec, on: { ifMatch: newest.etag } });
                  const now = formOf(newest.spec);
                  setForm(keep ? rebase(form, formOf(base.spec), now) : now);
                }}
              />
            )}
            {failed && !conflict && (
              <ErrorNotice title="Rejected" error={refusal ? refusal.with(said.rest) : failed}>
                {Object.keys(said.beside).length > 0 && <p>Each problem is described at its field above.</p>}
              </ErrorNotice>
            )}
          </div>
          {!failed && warnings.length > 0 && (
            <Notice tone="warn" title="Warnings">
              <Findings findings={warnings} />
            </Notice>
          )}

          <section aria-labelledby="deploy-changes">
            <h3 id="deploy-changes" className={css.heading}>
              Changes
              {preview.asking && <span className="dim small"> · checking with the gateway…</span>}
            </h3>
            {preview.written && !failed ? (
              <DiffView diff={preview.written.diff} label="Diff of this deploy" />
            ) : (
              <Text size="sm" c="dimmed">
                {complete
                  ? "The diff appears here when the gateway accepts the settings."
                  : beyond.length > 0
                    ? "The diff appears here when every value is within its bounds."
                    : "The diff appears here when the required fields are filled in."}
              </Text>
            )}
          </section>

          <div className={css.foot}>
            {deploy.isPending && (
              <div role="status" className={css.progress}>
                <Progress value={100} animated aria-label="Deploying" size="sm" />
                <Text size="sm">
                  Deploying: waiting until {inFleet ? "the gateways run" : "this gateway runs"} the new
                  revision…
                </Text>
              </div>
            )}
            {failed && !deploy.isPending && (
              <Text size="sm" c="var(--mantine-color-error)" className={css.failed}>
                {conflict
                  ? "Not deployed: somebody else deployed first."
                  : "Not deployed: see the messages in the form."}
              </Text>
            )}
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={deploy.isPending}
              disabled={conflict || unchanged}
              title={
                conflict ? "Resolve the conflict first" : unchanged ? "There is nothing to deploy" : undefined
              }
              {...off(readOnly)}
            >
              Deploy
            </Button>
          </div>
        </Stack>
      </form>
      <AddProvider
        opened={adding}
        onClose={() => setAdding(false)}
        onAdded={(added) => {
          setAdding(false);
          edit({ providers: [...new Set([...form.providers, added])] });
        }}
      />
    </>
  );
}
