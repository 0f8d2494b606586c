// The drawer around the deploy form: for one agent, or for a new one.
import { Drawer } from "@mantine/core";
import { Suspense, lazy } from "react";
import type { AgentDetail, Authentication } from "../api/types";

const DeployForm = lazy(() => import("./DeployForm"));

interface Props {
  /** The agent as it stands; `null` is a new one. */
  agent: AgentDetail | null;
  opened: boolean;
  onClose: () => void;
  /** Chosen from the start, when a link led here for that. */
  wanted?: Authentication;
}

export function DeployDrawer({ agent, opened, onClose, wanted }: Props) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      closeOnClickOutside={false}
      title={agent ? `Deploy ${agent.name}` : "New agent"}
    >
      <Suspense fallback={<p role="status">Loading…</p>}>
        <DeployForm agent={agent} onClose={onClose} wanted={wanted} />
      </Suspense>
    </Drawer>
  );
}
