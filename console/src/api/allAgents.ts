// Every agent that a search finds, read page by page.
import { agents } from "./calls";
import type { AgentSummary } from "./schemas";

/** The largest page of the API, so that there are the fewest requests. */
const PAGE_SIZE = 500;
/** The number of agents that a gateway is tested with; a browser sorts as many without a noticeable pause. */
const MAX_AGENTS = 10_000;

/** Reading everything takes up to twenty calls, so it is repeated a third as often as reading a page. */
export const REFETCH_ALL_MS = 15_000;

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
