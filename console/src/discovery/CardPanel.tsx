// The card that is served for an agent that speaks A2A, beside the agent's own, with their differences.
import { VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";
import { useCard } from "../api/queries";
import type { AgentCard, AgentDetail } from "../api/schemas";
import { CopyButton } from "../parts/CopyButton";
import { DiffView } from "../parts/DiffView";
import { Mark, type MarkTone } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { QueryError } from "../parts/QueryError";
import { Timestamp } from "../parts/Time";
import { plural } from "../parts/format";
import css from "./Discovery.module.css";
import { type Pair, differs, laidOut, paired } from "./lineDiff";

export function CardPanel({ agent }: { agent: AgentDetail }) {
  const query = useCard(agent.name);
  const card = query.data;
  return (
    <section className={`panel ${css.section}`} aria-labelledby="card">
      <h2 id="card" className={css.heading}>
        Agent card
      </h2>
      <QueryError query={query} title="The card could not be read" />
      {card && <Card card={card} />}
    </section>
  );
}

const SOURCES: Record<AgentCard["source"], string> = {
  rewrite: "the agent's card, with the URLs and credentials of the gateway",
  passthrough: "the agent's card, as it is",
  file: "a file of the configuration, byte for byte",
};

/** What became of signatures, in words; a word of a newer gateway is shown as it is. */
const SIGNATURES: Readonly<Record<string, [MarkTone, string]>> = {
  none: ["plain", "the card had none"],
  stripped: ["warn", "removed, since the card is rewritten"],
  passed: ["ok", "as they came"],
  resigned: ["ok", "made anew with the key of the gateway"],
};

export function Card({ card }: { card: AgentCard }) {
  return (
    <>
      <dl className="facts">
        <dt>Base URL for clients</dt>
        <dd>
          <code>{card.client_url}</code> <CopyButton text={card.client_url} what="the base URL" />
        </dd>
        <dt>Served at</dt>
        <dd>
          {card.urls.map((url) => (
            <div key={url}>
              <code>{url}</code>
            </div>
          ))}
        </dd>
        <dt>State</dt>
        <dd>
          <State card={card} />
        </dd>
        <dt>Made from</dt>
        <dd>{SOURCES[card.source]}</dd>
        {card.signature && (
          <>
            <dt>Signatures</dt>
            <dd>
              <Signature word={card.signature} />
            </dd>
          </>
        )}
        {card.source !== "file" && (
          <>
            <dt>Last fetched</dt>
            <dd>
              <Timestamp at={card.fetched_at} />
            </dd>
          </>
        )}
      </dl>
      {card.failure && (
        <Notice
          tone={card.state === "served" ? "warn" : "bad"}
          title={
            card.state === "served"
              ? "The last fetch failed; the last good card is served"
              : "There is no card to serve"
          }
        >
          <p>{card.failure}</p>
        </Notice>
      )}
      {card.warnings.length > 0 && (
        <Notice
          tone="warn"
          title="The rewritten card still mentions the agent's own address, or has lost something"
        >
          <ul>
            {card.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </Notice>
      )}
      <Texts card={card} />
    </>
  );
}

function State({ card }: { card: AgentCard }) {
  switch (card.state) {
    case "served":
      return card.is_stale ? <Mark tone="warn">served, stale</Mark> : <Mark tone="ok">served</Mark>;
    case "absent":
      return <Mark tone="bad">clients get 503</Mark>;
    case "refused":
      return <Mark tone="bad">clients get 502</Mark>;
  }
}

function Signature({ word }: { word: string }) {
  const [tone, said] = SIGNATURES[word] ?? ["note", word];
  return <Mark tone={tone}>{said}</Mark>;
}

function Texts({ card: { served, upstream } }: { card: AgentCard }) {
  const [own, ours] = [upstream, served].map((text) => (text === null ? null : laidOut(text)));
  if (own && ours) return <BesideEachOther own={own} ours={ours} />;
  const [title, text] = ours ? ["The card that is served", ours] : ["The agent's own card", own];
  if (!text) return null;
  return (
    <>
      <h3 className={css.sub}>{title}</h3>
      <pre className={css.text} tabIndex={0} role="region" aria-label={title}>
        {text}
      </pre>
    </>
  );
}

function BesideEachOther({ own, ours }: { own: string; ours: string }) {
  const pairs = useMemo(() => paired(own, ours), [own, ours]);
  const narrow = useMediaQuery("(max-width: 48em)");
  const count = pairs.filter(differs).length;
  return (
    <>
      <h3 className={css.sub}>The agent&apos;s own card, and what is served</h3>
      <p className="dim small">
        {count === 0
          ? "They are the same but for their layout."
          : `${plural(count, "line differs", "lines differ")}. Both are laid out alike.`}
      </p>
      {narrow ? (
        <DiffView diff={unified(pairs)} label="The agent's own card, and what is served" />
      ) : (
        <Sides pairs={pairs} />
      )}
    </>
  );
}

/** All lines, one below the other: what a narrow screen has room for. */
export function unified(pairs: readonly Pair[]): string {
  const lines: string[] = ["--- the agent's own", "+++ served"];
  let [gone, come]: [string[], string[]] = [[], []];
  const flush = () => {
    lines.push(...gone.map((line) => `-${line}`), ...come.map((line) => `+${line}`));
    [gone, come] = [[], []];
  };
  for (const pair of pairs) {
    if (differs(pair)) {
      if (pair.left !== null) gone.push(pair.left);
      if (pair.right !== null) come.push(pair.right);
    } else {
      flush();
      lines.push(` ${pair.left}`);
    }
  }
  flush();
  return lines.join("\n");
}

function Sides({ pairs }: { pairs: Pair[] }) {
  const label = "The agent's own card, and what is served";
  return (
    <div className={css.sides} role="region" aria-label={label} tabIndex={0} data-testid="card-sides">
      <table aria-label={label}>
        <thead>
          <tr>
            <th scope="col">The agent&apos;s own</th>
            <th scope="col">Served</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair, index) => (
            <tr key={index}>
              <Side line={pair.left} kind={differs(pair) && pair.left !== null ? "removed" : "same"} />
              <Side line={pair.right} kind={differs(pair) && pair.right !== null ? "added" : "same"} />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Side({ line, kind }: { line: string | null; kind: "same" | "removed" | "added" }) {
  return (
    <td data-kind={kind}>
      {kind !== "same" && <VisuallyHidden>{kind}: </VisuallyHidden>}
      {line}
    </td>
  );
}
