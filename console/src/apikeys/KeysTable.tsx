// The keys of an agent, masked, with what can be done to each.
import { Button, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeys } from "../api/calls";
import type { ApiKey, NewApiKey } from "../api/types";
import { Confirm } from "../parts/Confirm";
import { type Column, DataTable } from "../parts/DataTable";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { useToast } from "../parts/toast";
import css from "./ApiKeysPage.module.css";
import { Rotate } from "./Rotate";

const TONES: Record<ApiKey["state"], MarkTone> = { active: "ok", expired: "warn", revoked: "bad" };
const FILE = "This key is written in the configuration file. Change it there.";

interface Props {
  keys: ApiKey[];
  offReason: string | null;
  onMade: (made: NewApiKey) => void;
}

export function KeysTable({ keys, offReason, onMade }: Props) {
  const [chosen, setChosen] = useState<{ key: ApiKey; deed: "revoke" | "rotate" | "delete" } | null>(null);
  const queries = useQueryClient();
  const toast = useToast();
  const label = (key: ApiKey) => (key.name ? `${key.name} (${key.id})` : key.id);
  const done = (text: string) => {
    toast(text);
    void queries.invalidateQueries({ queryKey: ["api-keys"] });
    void queries.invalidateQueries({ queryKey: ["agents"] });
  };

  const columns: Column<ApiKey>[] = [
    {
      label: "Key",
      header: true,
      cell: (key) => (
        <div className={css.key}>
          <span>{key.name ?? <span className="dim">without a name</span>}</span>
          <code className="dim">{key.masked}</code>
        </div>
      ),
    },
    { label: "State", cell: (key) => <Mark tone={TONES[key.state]}>{key.state}</Mark> },
    { label: "Expires", cell: (key) => <Time at={key.expires_at} /> },
    { label: "Last used", cell: (key) => <Time at={key.last_used_at} none="not since the start" /> },
    {
      label: "Actions",
      quiet: true,
      right: true,
      cell: (key) => {
        const why = offReason ?? (key.managed_by === "file" ? FILE : null);
        const common = {
          size: "xs",
          variant: "default",
          disabled: why !== null,
          title: why ?? undefined,
        } as const;
        const act = (deed: "revoke" | "rotate" | "delete") => () => setChosen({ key, deed });
        return (
          <Group gap="xs" justify="flex-end" wrap="nowrap">
            {key.state === "active" ? (
              <>
                <Button {...common} aria-label={`Rotate ${label(key)}`} onClick={act("rotate")}>
                  Rotate
                </Button>
                <Button {...common} aria-label={`Revoke ${label(key)}`} onClick={act("revoke")}>
                  Revoke
                </Button>
              </>
            ) : (
              <Button {...common} aria-label={`Delete ${label(key)}`} onClick={act("delete")}>
                Delete
              </Button>
            )}
          </Group>
        );
      },
    },
  ];

  return (
    <>
      <DataTable label="API keys" columns={columns} rows={keys} keyOf={(key) => key.id} />
      <Confirm
        opened={chosen?.deed === "revoke"}
        onClose={() => setChosen(null)}
        title={`Revoke ${chosen ? label(chosen.key) : ""}?`}
        deed="Revoke"
        act={async () => chosen && (await apiKeys.revoke(chosen.key))}
        onDone={() => done("The key is revoked. The next request with it is refused.")}
      >
        The next request with this key is refused. This cannot be taken back.
      </Confirm>
      <Confirm
        opened={chosen?.deed === "delete"}
        onClose={() => setChosen(null)}
        title={`Delete ${chosen ? label(chosen.key) : ""}?`}
        deed="Delete"
        act={async () => chosen && (await apiKeys.remove(chosen.key))}
        onDone={() => done("The key is deleted.")}
      >
        The key goes from this list. Requests with it are refused as before, from now on as unknown.
      </Confirm>
      <Rotate
        apiKey={chosen?.deed === "rotate" ? chosen.key : null}
        onClose={() => setChosen(null)}
        onMade={(made) => {
          onMade(made);
          done("A new key is made; the old one is good until the overlap ends.");
        }}
      />
    </>
  );
}
