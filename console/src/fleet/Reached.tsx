// After a change: how far it has come in the fleet, asked again until nobody is left to wait for.
import { useState } from "react";
import { Link } from "wouter";
import type { Fleet } from "../api/schemas";
import { Notice } from "../parts/Notice";
import { type FleetReached, isSettled, reachInWords, reachOf, toneOf } from "./spread";
import { useFleet } from "./useFleet";

/** A person waits for it. */
const WATCHED_MS = 1_000;

/** `answered` is what the change was answered with; there is nothing to show where there is no fleet. */
export function Reached({ answered }: { answered: FleetReached | null | undefined }) {
  const [since] = useState(() => Date.now());
  const next = (fleet: Fleet | undefined) => {
    const { revision = 0 } = answered ?? {};
    const known = fleet ? reachOf(fleet, revision) : answered;
    return known && !isSettled(known) ? WATCHED_MS : false;
  };
  const fleet = useFleet(answered ? next : undefined);
  if (!answered) return null;
  // What was read before the change says nothing about it.
  const fresh = fleet.data && fleet.dataUpdatedAt > since;
  const now = fresh && !isSettled(answered) ? reachOf(fleet.data, answered.revision) : answered;
  return (
    <Notice tone={toneOf(now)} title={<span data-testid="reached">{reachInWords(now)}</span>} role="status">
      {now.running < now.members && (
        <p>
          {now.refused.length > 0
            ? "At a gateway that refused it, what was changed stays as it was before. "
            : "The change is committed, and the others apply it as soon as they hear of it. "}
          <Link to="/fleet" className="link">
            See the fleet
          </Link>
        </p>
      )}
    </Notice>
  );
}
