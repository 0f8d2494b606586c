import { PageHead } from "../parts/PageHead";
export default function AgentPage() { return <PageHead title="AgentPage" />; }
