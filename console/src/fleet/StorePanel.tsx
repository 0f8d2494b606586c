// The shared store as this gateway sees it, and the commands with which a person ends a state that does not end by itself.
import type { Fleet } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import css from "./FleetPage.module.css";
import { ACCEPT_COMMAND, STORE_STATES, keepCommand } from "./store";

export function StorePanel({ fleet, self }: { fleet: Fleet; self: string | null }) {
  const { kind, state, store_id } = fleet.store;
  const { tone, title, meaning, ends } = STORE_STATES[state];
  return (
    <section className="panel" aria-labelledby="store">
      <h2 id="store" className={css.heading}>
        Store
      </h2>
      {ends !== "fine" && (
        <Notice tone={tone} title={title} role="alert">
          <p>{meaning}</p>
          {ends === "by_a_person" && <Decide fleet={fleet} self={self} />}
        </Notice>
      )}
      <dl className="facts">
        <dt>Kind</dt>
        <dd>
          <code>{kind}</code>
        </dd>
        <dt>State</dt>
        <dd>
          <Mark tone={tone}>{state}</Mark> {ends === "fine" && <span className="dim">{meaning}</span>}
        </dd>
        <dt>Revision</dt>
        <dd>{fleet.revision.toLocaleString("en")}</dd>
        <dt>Identity</dt>
        <dd>{store_id === null ? <span className="dim">none yet</span> : <code>{store_id}</code>}</dd>
      </dl>
    </section>
  );
}

/** Which gateway's configuration is written back: this one's, unless another runs a newer revision. */
function keeper({ members }: Fleet, self: string | null): { name: string; revision: number } | null {
  const living = members.filter((one) => one.state !== "vanished");
  const newest = Math.max(0, ...living.map((one) => one.revision));
  const best = living.filter((one) => one.revision === newest);
  return best.find((one) => one.name === self) ?? best[0] ?? null;
}

function Decide({ fleet, self }: { fleet: Fleet; self: string | null }) {
  const { holds } = STORE_STATES[fleet.store.state];
  const from = keeper(fleet, self);
  return (
    <div className={css.decide}>
      <p>
        Nothing is lost while nobody decides. First see why: the{" "}
        {holds ? "endpoints, the prefix and the backup" : "endpoints, the prefix and who deleted the keys"}.
        Then {holds ? "one of these ends" : "this ends"} it for the whole fleet:
      </p>
      <p>
        <strong>Keep what runs.</strong>{" "}
        {from ? (
          <>
            {from.name} runs revision {from.revision}; this writes it to etcd.
          </>
        ) : (
          <>This writes what a gateway runs to etcd.</>
        )}
      </p>
      <CodeLine text={keepCommand(from?.name ?? "NAME")} what="the command that keeps what runs" />
      {holds && (
        <>
          <p>
            <strong>Take what etcd holds.</strong> REVISION is the number in its head, so that nobody accepts
            by accident.{" "}
            {fleet.store.state === "regressed" && "API keys that were revoked since then work again."}
          </p>
          <CodeLine text={ACCEPT_COMMAND} what="the command that takes what etcd holds" />
        </>
      )}
    </div>
  );
}
