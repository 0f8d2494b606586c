// The drawer around the deploy form: for one agent, or for a new one.
import { lazy } from "react";
import type { AgentDetail, Authentication } from "../api/schemas";
import { FormDrawer } from "../parts/FormDrawer";

const DeployForm = lazy(() => import("./DeployForm"));

interface Props {
  /** The agent as it is; `null` for a new one. */
  agent: AgentDetail | null;
  opened: boolean;
  onClose: () => void;
  /** Preselected, when the link that led here asks for it. */
  wanted?: Authentication;
}

export function DeployDrawer({ agent, opened, onClose, wanted }: Props) {
  return (
    <FormDrawer
      opened={opened}
      onClose={onClose}
      title={agent ? `Edit and deploy ${agent.name}` : "New agent"}
    >
      <DeployForm agent={agent} onClose={onClose} wanted={wanted} />
    </FormDrawer>
  );
}
