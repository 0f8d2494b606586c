// Says that what a page shows is of one gateway alone, where there are several.
import { Link } from "wouter";
import { useThisMember } from "./useFleet";

/** `what` is the subject: "Traffic and failures are those". */
export function OfThisMember({ what }: { what: string }) {
  const name = useThisMember();
  if (name === null) return null;
  return (
    <p className="dim small" data-testid="of-this-member" style={{ margin: "0 0 0.75rem" }}>
      {what} of <strong>{name}</strong> alone: each gateway of the{" "}
      <Link to="/fleet" className="link">
        fleet
      </Link>{" "}
      has its own.
    </p>
  );
}
