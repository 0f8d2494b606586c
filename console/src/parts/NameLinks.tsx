// Names of agents or identity providers in one line, each a link to its page, and how many more there are.
import { Link } from "wouter";

interface Props {
  /** The page of each name is this path and the name. */
  under: "/agents/" | "/identity-providers/";
  names: string[];
  /** How many there are, when not all of them are named. */
  total?: number;
  /** The names that are left out, for the tooltip. */
  others?: string[];
}

export function NameLinks({ under, names, total = names.length, others }: Props) {
  return (
    <span>
      {names.map((name, index) => (
        <span key={name}>
          {index > 0 && ", "}
          <Link to={under + encodeURIComponent(name)} className="link">
            {name}
          </Link>
        </span>
      ))}
      {total > names.length && (
        <span className="dim" title={others?.join(", ")}>
          {" "}
          and {(total - names.length).toLocaleString("en")} more
        </span>
      )}
    </span>
  );
}
