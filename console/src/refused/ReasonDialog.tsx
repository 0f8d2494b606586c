// What the reason of a decision means in plain words, and what to do.
import { Modal } from "@mantine/core";
import { Link } from "wouter";
import type { Decision } from "../api/types";
import css from "./WhyRefused.module.css";
import { meaning } from "./reasons";

export function ReasonDialog({ decision, onClose }: { decision: Decision | null; onClose: () => void }) {
  return (
    <Modal
      opened={decision !== null}
      onClose={onClose}
      title={decision ? meaning(decision.reason).title : "Reason"}
      size="lg"
    >
      {decision && <Body decision={decision} />}
    </Modal>
  );
}

function Body({ decision }: { decision: Decision }) {
  const { means, todo } = meaning(decision.reason);
  return (
    <>
      <p style={{ marginTop: 0 }}>{means}</p>
      <p>
        <strong>What to do:</strong> {todo}
      </p>
      <dl className={css.values}>
        <dt>Reason</dt>
        <dd>
          <code>{decision.reason}</code>
        </dd>
        <dt>Time</dt>
        <dd>{decision.at ? new Date(decision.at).toLocaleString() : "unknown"}</dd>
        {decision.agent && (
          <>
            <dt>Agent</dt>
            <dd>
              <Link to={`/agents/${encodeURIComponent(decision.agent)}`} className="link">
                {decision.agent}
              </Link>
            </dd>
          </>
        )}
        {decision.provider && (
          <>
            <dt>Provider</dt>
            <dd>
              <Link to={`/identity-providers/${encodeURIComponent(decision.provider)}`} className="link">
                {decision.provider}
              </Link>
            </dd>
          </>
        )}
        <dt>Request</dt>
        <dd>
          <code>{decision.request_id}</code>
        </dd>
      </dl>
    </>
  );
}
