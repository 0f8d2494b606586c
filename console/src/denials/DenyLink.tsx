// Leads from a caller to the form that denies it. There is nothing of one that has proven nothing.
import { Link } from "wouter";
import { type ProvenCaller, denyPathOf } from "./denials";

export function DenyLink({ caller, of }: { caller: ProvenCaller; of: string }) {
  const path = denyPathOf(caller);
  if (path === null) return null;
  return (
    <Link to={path} className="link nowrap" aria-label={`Deny ${of}`}>
      Deny…
    </Link>
  );
}
