// A decision in full: what the gateway has kept of it, or at least what its row in the list has.
import { Modal } from "@mantine/core";
import { useDecision } from "../api/queries";
import type { Decision } from "../api/schemas";
import { VerdictCard } from "./VerdictCard";
import { meaning } from "./reasons";
import { verdictOf } from "./verdict";

export function DecisionDialog({ decision, onClose }: { decision: Decision | null; onClose: () => void }) {
  return (
    <Modal
      opened={decision !== null}
      onClose={onClose}
      title={decision ? meaning(decision.reason).title : "Decision"}
      size="lg"
    >
      {decision && <Body decision={decision} />}
    </Modal>
  );
}

function Body({ decision }: { decision: Decision }) {
  const found = useDecision(decision.request_id);
  return <VerdictCard verdict={found.data ?? verdictOf(decision)} id={decision.request_id} />;
}
