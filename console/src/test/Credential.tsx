// The credential of a test request: a token, pasted or fetched, or an API key, pasted or created for ten minutes. It
// is kept in the memory of the page only.
import { Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { apiKeys } from "../api/calls";
import { keys } from "../api/queries";
import type { AgentDetail } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Notice } from "../parts/Notice";
import { Time } from "../parts/Time";
import { off, useReadOnly } from "../parts/writable";
import { useUncopied } from "../apikeys/uncopied";
import { FetchToken } from "./FetchToken";
import { bareCredential } from "./credential";

interface Props {
  agent: AgentDetail;
  value: string;
  onChange: (value: string) => void;
}

export function Credential({ agent, value, onChange }: Props) {
  if (agent.authentication === "public") {
    return <p style={{ margin: 0 }}>This agent is public: it needs no credential and ignores any.</p>;
  }
  return agent.authentication === "oauth" ? (
    <Stack gap="sm">
      <Notice tone="note" title="The console cannot issue a token">
        <p>
          The identity provider signs tokens with a private key that the gateway does not have. Paste a token,
          or fetch one here with client credentials.
        </p>
      </Notice>
      <Secret label="Token" value={value} onChange={onChange} />
      <FetchToken agent={agent} onToken={onChange} />
    </Stack>
  ) : (
    <Stack gap="sm">
      <Secret label="API key" value={value} onChange={onChange} />
      <NewKeys agent={agent} onKey={onChange} />
      <TestKey agent={agent} onKey={onChange} />
    </Stack>
  );
}

function Secret({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
}) {
  const { removed } = bareCredential(value);
  return (
    <PasswordInput
      label={label}
      description={
        removed
          ? `“${removed}” is not part of it and is left out.`
          : "Empty sends the request without one. It is not stored."
      }
      autoComplete="off"
      data-1p-ignore
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      visibilityToggleButtonProps={{ "aria-label": `Show the ${label}`, tabIndex: 0 }}
    />
  );
}

/** A new key that has not been copied yet can be tested before it is given away. */
function NewKeys({ agent, onKey }: { agent: AgentDetail; onKey: (key: string) => void }) {
  const waiting = useUncopied().filter((one) => one.agent === agent.name);
  return waiting.map((made) => (
    <Group key={made.id} gap="sm">
      <Button variant="default" size="sm" onClick={() => onKey(made.key)}>
        Use the new key {made.name ?? made.id}
      </Button>
      <span className="dim small">It has not been copied yet.</span>
    </Group>
  ));
}

function TestKey({ agent, onKey }: { agent: AgentDetail; onKey: (key: string) => void }) {
  const queries = useQueryClient();
  const readOnly = useReadOnly();
  const make = useMutation({
    mutationFn: () => apiKeys.create({ agent: agent.name, name: "test from the console", expires_in: "10m" }),
    onSuccess: (made) => {
      onKey(made.key);
      return queries.invalidateQueries({ queryKey: keys.apiKeys(agent.name) });
    },
  });
  return (
    <>
      <Group gap="sm">
        <Button
          variant="default"
          size="sm"
          loading={make.isPending}
          onClick={() => make.mutate()}
          {...off(readOnly)}
        >
          Create a test key
        </Button>
        <span className="dim small">
          {make.data ? (
            <>
              Created and filled in. It expires <Time at={make.data.expires_at} />.
            </>
          ) : (
            (readOnly ?? "It is valid for this agent and expires after 10 minutes.")
          )}
        </span>
      </Group>
      {make.isError && <ErrorNotice error={make.error} title="The key was not created" />}
    </>
  );
}
