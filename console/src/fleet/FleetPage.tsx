// The gateways that share a store: who runs the newest revision, who does not and why, and the state of the store.
import { Loader } from "@mantine/core";
import { Link } from "wouter";
import { useStatus } from "../api/queries";
import type { Fleet, FleetMember } from "../api/schemas";
import { EmptyState } from "../parts/EmptyState";
import { Findings } from "../parts/Findings";
import { Notice } from "../parts/Notice";
import { PageHead } from "../parts/PageHead";
import { QueryError } from "../parts/QueryError";
import css from "./FleetPage.module.css";
import { MembersTable } from "./MembersTable";
import { StorePanel } from "./StorePanel";
import { laggards, namesakes, summary, toneOf, versions, whyNot } from "./members";
import { STORE_STATES } from "./store";
import { useFleet, useIsThis, useThisMember } from "./useFleet";

/** On this page somebody watches a roll-out. */
const WATCHED_MS = 1_000;

export default function FleetPage() {
  const status = useStatus();
  const fleet = useFleet(() => WATCHED_MS);
  const alone = status.data !== undefined && status.data.store.kind !== "etcd";
  return (
    <>
      <PageHead
        title="Fleet"
        about="The gateways that share the configuration in etcd, as the gateway of this console sees them."
      />
      <QueryError query={fleet} title="The fleet could not be read" />
      {alone && <Alone />}
      {!alone && fleet.isPending && <Loader role="img" aria-label="Loading" />}
      {fleet.data && <Shown fleet={fleet.data} />}
    </>
  );
}

function Alone() {
  return (
    <EmptyState title="This gateway is not part of a fleet">
      <p>
        Gateways that name one etcd under <code>store.etcd</code> share their configuration, and are listed
        here.
      </p>
    </EmptyState>
  );
}

export function Shown({ fleet }: { fleet: Fleet }) {
  const self = useThisMember();
  const isThis = useIsThis();
  const twice = namesakes(fleet.members);
  const several = versions(fleet.members);
  // What needs a decision stands before what runs meanwhile.
  const storeFirst = STORE_STATES[fleet.store.state].ends !== "fine";
  const store = <StorePanel fleet={fleet} self={self} />;
  return (
    <div className={css.stack}>
      {storeFirst && store}
      <Level fleet={fleet} />
      {twice.length > 0 && (
        <Notice tone="warn" title={`More than one gateway is called ${twice.join(", ")}`}>
          <p>
            Each gateway needs a name of its own: set <code>server.member.name</code>, or leave it out where
            the names of the hosts differ.
          </p>
        </Notice>
      )}
      {several.length > 0 && (
        <Notice tone="note" title={`The gateways run ${several.length} versions: ${several.join(", ")}`}>
          <p>
            That is normal during an upgrade. A change that an older version does not understand is refused
            until all of them have the newer one.
          </p>
        </Notice>
      )}
      <MembersTable members={fleet.members} isThis={isThis} />
      {!storeFirst && store}
    </div>
  );
}

/** The sentence that says how far the newest revision has come, and each member that holds it up. */
function Level({ fleet }: { fleet: Fleet }) {
  const late = laggards(fleet.members);
  return (
    <Notice
      tone={toneOf(fleet.members)}
      title={<span data-testid="fleet-summary">{summary(fleet)}</span>}
      role="status"
    >
      {late.length > 0 && (
        <ul className={css.late}>
          {late.map((one) => (
            <Late key={`${one.name} ${one.boot_id}`} member={one} />
          ))}
        </ul>
      )}
    </Notice>
  );
}

function Late({ member }: { member: FleetMember }) {
  return (
    <li data-testid={`late-${member.name}`}>
      {whyNot(member)}.
      {member.state === "refused" && member.refused && (
        <>
          <Findings findings={member.refused.findings} />
          <p>
            What it refuses stays at {member.name} as it was before, and its other resources follow. Fix the
            cause there; or change what it refuses, or{" "}
            <Link to="/history" className="link">
              roll back
            </Link>
            .
          </p>
        </>
      )}
    </li>
  );
}
