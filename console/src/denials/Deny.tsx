// The form that denies somebody: what it would hit is asked first, if wanted, and it is confirmed.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { denials } from "../api/calls";
import { keys, useAllProviders } from "../api/queries";
import { Confirm } from "../parts/Confirm";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Notice } from "../parts/Notice";
import { useToast } from "../parts/toast";
import { visible } from "../parts/visible";
import css from "./Denials.module.css";
import {
  type By,
  type DenialForm,
  type Issued,
  KINDS,
  LENGTHS,
  NEVER,
  ORDER,
  formFor,
  foundInWords,
  inWords,
  written,
} from "./denials";

interface Props {
  initial: DenialForm;
  onMade: () => void;
}

export function Deny({ initial, onMade }: Props) {
  const [form, setForm] = useState(initial);
  const [asked, setAsked] = useState(false);
  const queries = useQueryClient();
  const toast = useToast();
  const rehearse = useMutation({ mutationFn: () => denials.create(written(form), true) });
  const change = (part: Partial<DenialForm>) => {
    rehearse.reset();
    setForm({ ...form, ...part });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
  };
  const isEmpty = form.value.trim() === "";
  const { streams, requests } = rehearse.data ?? {};
  return (
    <section className="panel" aria-labelledby="deny">
      <h2 id="deny" className={css.heading}>
        Deny somebody
      </h2>
      <form onSubmit={submit}>
        <Fields form={form} change={change} />
        <p className={css.says}>{inWords(form)}</p>
        {rehearse.isError && <ErrorNotice error={rehearse.error} title="It cannot be denied like this" />}
        {rehearse.data && (
          <div className={css.says} role="status">
            <Notice tone="note" title="What it would hit">
              <p>{foundInWords(streams ?? 0, requests ?? 0)}</p>
            </Notice>
          </div>
        )}
        <div className={css.buttons}>
          <Button type="submit" color="red.9" disabled={isEmpty}>
            Deny…
          </Button>
          <Button
            variant="default"
            disabled={isEmpty}
            loading={rehearse.isPending}
            onClick={() => rehearse.mutate()}
          >
            Whom would it hit?
          </Button>
        </div>
      </form>
      <Confirm
        opened={asked}
        onClose={() => setAsked(false)}
        title={
          form.by === "token_sha256"
            ? "Deny this token?"
            : `Deny the ${KINDS[form.by].word} ${visible(form.value.trim())}?`
        }
        action="Deny"
        act={() => denials.create(written(form))}
        onDone={(made) => {
          const warning = made.warnings[0];
          toast(`Denied. ${warning ?? "Requests are refused from now on."}`, warning ? "warn" : "ok");
          void queries.invalidateQueries({ queryKey: keys.denials });
          onMade();
        }}
      >
        <p>{inWords(form)}</p>
        <p>
          {form.provider === "" &&
            form.by !== "api_key" &&
            "It counts for the tokens of every identity provider. "}
          Callers get 401 invalid_token with the reason revoked.
        </p>
      </Confirm>
    </section>
  );
}

interface FieldsProps {
  form: DenialForm;
  change: (part: Partial<DenialForm>) => void;
}

function Fields({ form, change }: FieldsProps) {
  const providers = useAllProviders();
  const names = (providers.data ?? []).map((provider) => provider.name);
  // One that is not read yet, or no more, stays what it is.
  const all = form.provider === "" || names.includes(form.provider) ? names : [...names, form.provider];
  const isKey = form.by === "api_key";
  const isToken = form.by === "token_sha256";
  return (
    <div className={css.form}>
      <NativeSelect
        label="What"
        value={form.by}
        data={ORDER.map((by) => ({ value: by, label: KINDS[by].label }))}
        onChange={(event) => change(formFor(event.currentTarget.value as By, { reason: form.reason }))}
      />
      <TextInput
        label={isToken ? "Token" : "Name"}
        required
        autoComplete="off"
        spellCheck={false}
        type={isToken ? "password" : "text"}
        placeholder={KINDS[form.by].placeholder}
        description={
          isToken ? "It is not kept; its digest is" : "Exactly as it is written in tokens and logs"
        }
        inputWrapperOrder={["label", "input", "description"]}
        value={form.value}
        onChange={(event) => change({ value: event.currentTarget.value })}
      />
      {!isKey && (
        <NativeSelect
          label="Of the identity provider"
          value={form.provider}
          data={[{ value: "", label: "any" }, ...all.map((name) => ({ value: name, label: name }))]}
          onChange={(event) => change({ provider: event.currentTarget.value })}
        />
      )}
      {!isKey && (
        <NativeSelect
          label="Tokens"
          value={form.issued}
          data={[
            { value: "now", label: "issued up to now" },
            { value: "all", label: "all, new ones as well" },
          ]}
          onChange={(event) => {
            const issued = event.currentTarget.value as Issued;
            // One about tokens of the past ends: they do.
            const until = issued === "now" && form.until === NEVER ? "30d" : form.until;
            change({ issued, until });
          }}
        />
      )}
      {!isKey && (
        <NativeSelect
          label="How long"
          value={form.until}
          data={LENGTHS.filter(({ value }) => form.issued === "all" || value !== NEVER)}
          onChange={(event) => change({ until: event.currentTarget.value })}
        />
      )}
      <TextInput
        label="Reason"
        placeholder="INC-42"
        description="For whoever reads this list, and the audit log"
        inputWrapperOrder={["label", "input", "description"]}
        value={form.reason}
        onChange={(event) => change({ reason: event.currentTarget.value })}
      />
    </div>
  );
}
