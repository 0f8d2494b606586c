// The page for an unknown address.
import { Link } from "wouter";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";

export function NotFound() {
  return (
    <>
      <PageHead title="Page not found" />
      <EmptyState title="The console has no page at this address.">
        <Link to="/overview" className="link">
          Go to the overview
        </Link>
      </EmptyState>
    </>
  );
}
