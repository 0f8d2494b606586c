// Why a request was refused: looks up a request, explains a token check by check, and shows decisions as they are
// made.
import { useLocation, useSearch } from "wouter";
import { OfThisMember } from "../fleet/OfThisMember";
import { PageHead } from "../parts/PageHead";
import { Decisions, type Filter } from "./Decisions";
import { Explain } from "./Explain";
import { Lookup } from "./Lookup";

export default function WhyRefusedPage() {
  const [path, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const filter: Filter = {
    agent: query.get("agent"),
    reason: query.get("reason"),
    outcome: query.get("outcome"),
  };
  const request = query.get("request");
  const show = (next: Filter & { request: string | null }) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(next)) if (value) search.set(name, value);
    const text = search.toString();
    go(path + (text ? `?${text}` : ""), { replace: true });
  };
  return (
    <>
      <PageHead
        title="Why refused?"
        about="Look up a request by its ID, explain a token or key check by check, or watch the decisions as they are made."
      />
      <OfThisMember what="Requests and decisions are those" />
      <Lookup id={request} onLookup={(id) => show({ ...filter, request: id })} />
      <Explain initial={filter.agent} />
      <Decisions filter={filter} onFilter={(next) => show({ ...next, request })} />
    </>
  );
}
