// What clients find of an agent before they can call it: metadata and challenge, how far each client gets, and its card.
import { AgentFrame } from "../agent/AgentFrame";
import type { AgentDetail } from "../api/schemas";
import { CardPanel } from "./CardPanel";
import { ClientChecks } from "./ClientChecks";
import { Found } from "./Found";

export default function DiscoveryPage() {
  return <AgentFrame>{(agent) => <Shown agent={agent} />}</AgentFrame>;
}

function Shown({ agent }: { agent: AgentDetail }) {
  return (
    <>
      <Found agent={agent} />
      {agent.protocol === "a2a" && <CardPanel agent={agent} />}
      {agent.authentication === "oauth" && agent.protocol !== "a2a" && <ClientChecks agent={agent} />}
    </>
  );
}
