// The state of the upstream of an agent: its failures by cause, and the last one.
import { Link } from "wouter";
import type { AgentDetail } from "../api/schemas";
import { Mark } from "../parts/Mark";
import { Timestamp } from "../parts/Time";
import { plural } from "../parts/format";
import css from "./AgentPage.module.css";

export function UpstreamPanel({ agent }: { agent: AgentDetail }) {
  const health = agent.upstream_health;
  if (!health) return null;
  const { failures, last_failure: last, recent } = health;
  const causes = Object.entries(failures)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1]);
  const now = recent.failures_5m > 0;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="upstream">
      <div className={css.bar}>
        <h2 id="upstream" className={css.heading}>
          Upstream
        </h2>
        <Mark tone={now ? "bad" : "ok"}>
          {now
            ? `${recent.failures_5m.toLocaleString("en")} of ${plural(recent.requests_5m, "request")} failed in 5 min`
            : "no failures in 5 min"}
        </Mark>
      </div>
      <dl className="facts">
        <dt>Failures since the gateway started</dt>
        <dd>
          {causes.length === 0 ? (
            <span className="dim">none</span>
          ) : (
            causes.map(([cause, count]) => (
              <div key={cause}>
                <code>{cause}</code> × {count.toLocaleString("en")}
              </div>
            ))
          )}
        </dd>
        {last && (
          <>
            <dt>Last failure</dt>
            <dd>
              <Timestamp at={last.at} /> <code>{last.cause}</code>
              {last.detail && <div>{last.detail}</div>}
              {last.request_id && (
                <div>
                  <Link
                    to={`/why-refused?${new URLSearchParams({ request: last.request_id })}`}
                    className="link"
                  >
                    Look up the request
                  </Link>
                </div>
              )}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}
