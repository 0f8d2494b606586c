// The form that creates an API key.
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { apiKeys } from "../api/calls";
import { keys } from "../api/queries";
import type { AgentDetail, CreatedApiKey } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import css from "./ApiKeysPage.module.css";

const EXPIRIES = [
  { value: "7d", label: "in 7 days" },
  { value: "30d", label: "in 30 days" },
  { value: "90d", label: "in 90 days" },
  { value: "365d", label: "in a year" },
  { value: "date", label: "on a date…" },
  { value: "", label: "never" },
];

interface Props {
  agent: AgentDetail;
  offReason: string | null;
  onMade: (made: CreatedApiKey) => void;
}

export function CreateKey({ agent, offReason, onMade }: Props) {
  const [name, setName] = useState("");
  const [expiry, setExpiry] = useState("90d");
  const [date, setDate] = useState("");
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: () => {
      const body: Parameters<typeof apiKeys.create>[0] = { agent: agent.name };
      if (name.trim()) body.name = name.trim();
      if (expiry === "date") body.expires_at = new Date(date).toISOString();
      else if (expiry) body.expires_in = expiry;
      return apiKeys.create(body);
    },
    onSuccess: (made) => {
      setName("");
      onMade(made);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: keys.apiKeys(agent.name) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!offReason) create.mutate();
  };
  const disabled = offReason !== null;
  const dated = expiry === "date";
  const describedBy = disabled ? "keys-off read-only" : undefined;
  return (
    <section className="panel" aria-labelledby="create">
      <h2 id="create" className={css.heading}>
        Create a key
      </h2>
      <form onSubmit={submit} className={`${css.form} ${dated ? css.dated : ""}`}>
        <TextInput
          label="Name"
          placeholder="Who will use it, such as production-client"
          disabled={disabled}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <NativeSelect
          label="Expires"
          data={EXPIRIES}
          disabled={disabled}
          value={expiry}
          onChange={(event) => setExpiry(event.currentTarget.value)}
        />
        {dated && (
          <TextInput
            type="datetime-local"
            label="Date"
            required
            disabled={disabled}
            value={date}
            onChange={(event) => setDate(event.currentTarget.value)}
          />
        )}
        <Button
          type="submit"
          loading={create.isPending}
          disabled={disabled}
          title={offReason ?? undefined}
          aria-describedby={describedBy}
        >
          Create key
        </Button>
      </form>
      {create.isError && (
        <div style={{ marginTop: "0.75rem" }}>
          <ErrorNotice error={create.error} title="The key was not created" />
        </div>
      )}
    </section>
  );
}
