// A new key, which can be shown only once. It stays until the operator confirms that it has been copied.
import { Button, Group, Stack } from "@mantine/core";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { curlLine } from "../agent/curl";
import type { AgentDetail } from "../api/schemas";
import { Reached } from "../fleet/Reached";
import { CodeLine } from "../parts/CodeLine";
import { Notice } from "../parts/Notice";
import { Time } from "../parts/Time";
import css from "./ApiKeysPage.module.css";
import type { NewKey } from "./uncopied";

interface Props {
  made: NewKey;
  agent: AgentDetail;
  onClose: () => void;
}

export function ShownOnce({ made, agent, onClose }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    box.current?.focus();
  }, [made.id]);
  return (
    <div ref={box} tabIndex={-1} className={css.gap} role="group" aria-label="The new API key">
      <Notice tone="warn" title="Copy this key now. It is shown only once.">
        <Stack gap="sm">
          <p>
            The gateway stores only a hash of the key: if you lose it, create another one. Anyone who has the
            key can call this agent until the key{" "}
            {made.expires_at ? (
              <>
                expires, <Time at={made.expires_at} />
              </>
            ) : (
              "is revoked"
            )}
            . The key stays here until you confirm that you have copied it.
          </p>
          <div data-testid="new-key">
            <CodeLine text={made.key} what="the key" />
          </div>
          <CodeLine text={curlLine(agent, { credential: made.key })} what="the curl command with the key" />
          <Reached answered={made.fleet} />
          {"replaces" in made && (
            <p>
              It replaces <code>{made.replaces}</code>, which works until it expires,{" "}
              <Time at={made.old_expires_at} />.
            </p>
          )}
          <Group>
            <Button variant="default" size="sm" onClick={onClose}>
              I have copied it
            </Button>
            <Link to={`/agents/${encodeURIComponent(agent.name)}/test`} className="link">
              Test with this key
            </Link>
          </Group>
        </Stack>
      </Notice>
    </div>
  );
}
