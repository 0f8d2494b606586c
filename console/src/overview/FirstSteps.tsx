// The first steps after the installation.
import { Link } from "wouter";
import type { Status } from "../api/schemas";
import { Notice } from "../parts/Notice";
import css from "./OverviewPage.module.css";

export function FirstSteps({ counts }: { counts: Status["counts"] }) {
  if (counts.agents > 0) return null;
  return (
    <Notice tone="note" title="No agents yet">
      <ol className={css.steps}>
        <li>
          {counts.identity_providers > 0 ? (
            "There is an identity provider."
          ) : (
            <>
              <Link to="/identity-providers?new" className="link">
                Add an identity provider
              </Link>
              : for most, the issuer URL is enough.
            </>
          )}
        </li>
        <li>
          <Link to="/agents?new" className="link">
            Add an agent
          </Link>{" "}
          and choose who may call it.
        </li>
        <li>Send it a test request, and see the decision here.</li>
      </ol>
    </Notice>
  );
}
