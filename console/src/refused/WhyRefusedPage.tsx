// Why was a call refused? A token is explained check by check, and decisions are shown as they are made.
import { useLocation, useSearch } from "wouter";
import { PageHead } from "../parts/PageHead";
import { Decisions } from "./Decisions";
import { Explain } from "./Explain";

export default function WhyRefusedPage() {
  const [path, go] = useLocation();
  const query = new URLSearchParams(useSearch());
  const agent = query.get("agent");
  const reason = query.get("reason");
  const filter = (next: { agent: string | null; reason: string | null }) => {
    const search = new URLSearchParams();
    if (next.agent) search.set("agent", next.agent);
    if (next.reason) search.set("reason", next.reason);
    const text = search.toString();
    go(path + (text ? `?${text}` : ""), { replace: true });
  };
  return (
    <>
      <PageHead
        title="Why refused?"
        about="Explain a token or key check by check, or look at the decisions as they are made."
      />
      <Explain initial={agent} />
      <Decisions agent={agent} reason={reason} onFilter={filter} />
    </>
  );
}
