// What was proven of a caller with a token: client, subject and identity provider, a line each.
import { Link } from "wouter";
import { visible } from "../parts/visible";

interface Caller {
  client_id: string | null;
  sub: string | null;
  provider: string | null;
}

/** The names that were proven, as pairs of a word and a name; empty where none was. */
function namesOf({ client_id, sub }: Caller): [what: string, name: string][] {
  const lines: [string, string | null][] = [
    ["client", client_id],
    ["subject", sub === client_id ? null : sub],
  ];
  return lines.filter((line): line is [string, string] => line[1] !== null);
}

/** Whether anything was proven. */
export const isProven = (one: Caller): boolean => namesOf(one).length > 0 || one.provider !== null;

export function Proven({ one }: { one: Caller }) {
  return (
    <>
      {namesOf(one).map(([what, name]) => (
        <div key={what}>
          <span className="dim">{what}</span> <code title={name}>{visible(name)}</code>
        </div>
      ))}
      {one.provider !== null && (
        <div>
          <span className="dim">identity provider</span>{" "}
          <Link to={`/identity-providers/${encodeURIComponent(one.provider)}`} className="link">
            {one.provider}
          </Link>
        </div>
      )}
    </>
  );
}
