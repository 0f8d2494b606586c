// One page of the list of agents. The gateway pages the list by name; to sort or filter it, all agents are read and
// paged here.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { REFETCH_ALL_MS, allAgents } from "../api/allAgents";
import { keys, useAgents } from "../api/queries";
import { type Sorting, sorted } from "../parts/DataTable";
import { PAGE_SIZE, cut } from "../parts/paging";
import { COLUMNS } from "./AgentsTable";
import { type Filter, passes } from "./filter";

interface Wanted {
  q: string;
  filter: Filter | null;
  provider: string | null;
  sorting: Sorting | null;
  /** Where the page begins: a name as the gateway pages, or an index where the pages are made here. */
  cursor: string | undefined;
}

export function useAgentList({ q, filter, provider, sorting, cursor }: Wanted) {
  const whole = filter !== null || provider !== null || sorting !== null;
  const paged = useAgents({ limit: PAGE_SIZE, after: whole ? undefined : cursor, q });
  const all = useQuery({
    queryKey: [...keys.agents, "all", q],
    queryFn: ({ signal }) => allAgents(q, signal),
    placeholderData: keepPreviousData,
    refetchInterval: REFETCH_ALL_MS,
    enabled: whole,
  });
  if (!whole) return { query: paged, page: paged.data };
  const found = all.data?.filter((agent) => passes(agent, filter, provider));
  if (!found) return { query: all, page: undefined };
  const page = cut(sorted(found, COLUMNS, sorting), Number(cursor ?? 0), PAGE_SIZE);
  return { query: all, page: { ...page, next: page.next === null ? null : String(page.next) } };
}
