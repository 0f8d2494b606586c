// Every agent that a search finds, however many pages the API makes of them.
import { agents } from "./calls";
import type { AgentSummary } from "./schemas";

/** The largest page that the API gives. */
const PAGE_SIZE = 500;
/** More than this are not sorted in a browser. */
const MAX_AGENTS = 10_000;

export async function allAgents(q: string, signal?: AbortSignal): Promise<AgentSummary[]> {
  const found: AgentSummary[] = [];
  let after: string | undefined;
  do {
    const page = await agents.list({ limit: PAGE_SIZE, after, q }, signal);
    found.push(...page.items);
    after = page.next ?? undefined;
  } while (after !== undefined && found.length < MAX_AGENTS);
  return found;
}
