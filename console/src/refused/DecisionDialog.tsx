// A decision in full: what the gateway has kept of it, or at least what its row in the list has.
import { Modal } from "@mantine/core";
import { useDecision } from "../api/queries";
import type { Decision } from "../api/schemas";
import { DenyLink } from "../denials/DenyLink";
import type { ProvenCaller } from "../denials/denials";
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

/** Who was let in. What a refused caller says of itself may name somebody else. */
function provenBy({ method, key_id, client_id, provider }: Decision): ProvenCaller {
  // With a token it is the key that verified it.
  return { key_id: method === "api_key" ? key_id : null, client_id, provider };
}

function Body({ decision }: { decision: Decision }) {
  const found = useDecision(decision.request_id);
  return (
    <>
      <VerdictCard verdict={found.data ?? verdictOf(decision)} id={decision.request_id} />
      {decision.decision === "allow" && (
        <p style={{ marginBottom: 0 }}>
          <DenyLink caller={provenBy(decision)} of="the caller of this request" />
        </p>
      )}
    </>
  );
}
