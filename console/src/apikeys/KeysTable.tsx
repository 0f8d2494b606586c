// The keys of an agent, masked, with the actions for each.
import { Button, Group, Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { apiKeys } from "../api/calls";
import type { ApiKey, CreatedApiKey } from "../api/schemas";
import { HistoryList } from "../history/History";
import { Confirm } from "../parts/Confirm";
import { type Answered, said } from "../fleet/spread";
import { type Column, DataTable, type Sorting, sorted } from "../parts/DataTable";
import { Mark, type MarkTone } from "../parts/Mark";
import { Time } from "../parts/Time";
import { useToast } from "../parts/toast";
import css from "./ApiKeysPage.module.css";
import { ExpiryCell, endOf } from "./ExpiryCell";
import { Rotate } from "./Rotate";

const TONES: Record<ApiKey["state"], MarkTone> = { active: "ok", expired: "warn", revoked: "bad" };
const FILE = "This key is written in the configuration file. Change it there.";

interface Props {
  keys: ApiKey[];
  offReason: string | null;
  onMade: (made: CreatedApiKey) => void;
}

type Action = "revoke" | "rotate" | "delete" | "history";

export function KeysTable({ keys, offReason, onMade }: Props) {
  const [chosen, setChosen] = useState<{ key: ApiKey; action: Action } | null>(null);
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const queries = useQueryClient();
  const toast = useToast();
  const label = (key: ApiKey) => (key.name ? `${key.name} (${key.id})` : key.id);
  const done = (about: string, answered: Answered | null) => {
    const { text, tone } = said(about, answered ?? {});
    toast(text, tone);
    void queries.invalidateQueries({ queryKey: ["api-keys"] });
    void queries.invalidateQueries({ queryKey: ["agents"] });
  };

  const columns: Column<ApiKey>[] = [
    {
      label: "Key",
      header: true,
      sort: (key) => key.name ?? "",
      cell: (key) => (
        <div className={css.key}>
          <span>{key.name ?? <span className="dim">unnamed</span>}</span>
          <code className="dim">{key.masked}</code>
        </div>
      ),
    },
    {
      label: "State",
      cell: (key) => <Mark tone={TONES[key.state]}>{key.state}</Mark>,
      sort: (key) => key.state,
    },
    ...(keys.some((key) => key.created_at)
      ? [
          {
            label: "Created",
            cell: (key: ApiKey) => <Time at={key.created_at ?? null} none="unknown" past />,
            sort: (key: ApiKey) => key.created_at ?? "",
          },
        ]
      : []),
    { label: "Valid until", cell: (key) => <ExpiryCell apiKey={key} />, sort: (key) => endOf(key) ?? "9" },
    {
      label: "Last used",
      cell: (key) => <Time at={key.last_used_at} none="not since the gateway started" past />,
      sort: (key) => key.last_used_at ?? "",
    },
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
        const act = (action: Action) => () => setChosen({ key, action });
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
            <Button
              size="xs"
              variant="default"
              aria-label={`History of ${label(key)}`}
              onClick={act("history")}
            >
              History
            </Button>
          </Group>
        );
      },
    },
  ];

  return (
    <>
      <DataTable
        label="API keys"
        columns={columns}
        rows={sorted(keys, columns, sorting)}
        keyOf={(key) => key.id}
        sorting={sorting}
        onSorting={setSorting}
      />
      <Modal
        opened={chosen?.action === "history"}
        onClose={() => setChosen(null)}
        size="lg"
        title={`History of ${chosen ? label(chosen.key) : ""}`}
      >
        {chosen && <HistoryList resource={`api_keys/${chosen.key.id}`} readOnly={null} />}
      </Modal>
      <Confirm
        opened={chosen?.action === "revoke"}
        onClose={() => setChosen(null)}
        title={`Revoke ${chosen ? label(chosen.key) : ""}?`}
        action="Revoke"
        act={async () => chosen && (await apiKeys.revoke(chosen.key))}
        onDone={(written) => done("The key is revoked. Requests with it are refused from now on.", written)}
      >
        Requests with this key are refused immediately, and its running streams end unless the agent is set to
        keep them. This cannot be undone.
      </Confirm>
      <Confirm
        opened={chosen?.action === "delete"}
        onClose={() => setChosen(null)}
        title={`Delete ${chosen ? label(chosen.key) : ""}?`}
        action="Delete"
        act={async () => chosen && (await apiKeys.remove(chosen.key))}
        onDone={(written) => done("The key is deleted.", written)}
      >
        The key is removed from this list. Requests with it are still refused, from now on with an unknown key
        as the reason.
      </Confirm>
      <Rotate
        apiKey={chosen?.action === "rotate" ? chosen.key : null}
        onClose={() => setChosen(null)}
        onMade={(made) => {
          onMade(made);
          done("The new key is created; the old one works until the overlap ends.", made);
        }}
      />
    </>
  );
}
