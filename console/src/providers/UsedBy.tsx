// The agents that accept a provider's tokens; the API names the first of many.
import { Link } from "wouter";

export function UsedBy({ names, total }: { names: string[]; total: number }) {
  if (total === 0) return <span className="dim">no agent</span>;
  return (
    <span>
      {names.map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <Link to={`/agents/${encodeURIComponent(name)}`} className="link">
            {name}
          </Link>
        </span>
      ))}
      {total > names.length && (
        <span className="dim"> and {(total - names.length).toLocaleString("en")} more</span>
      )}
    </span>
  );
}
