// An address that no page has.
import { Link } from "wouter";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";

export function NotFound() {
  return (
    <>
      <PageHead title="There is no such page" />
      <EmptyState title="The address names no page of this console.">
        <Link to="/overview" className="link">
          Go to the overview
        </Link>
      </EmptyState>
    </>
  );
}
