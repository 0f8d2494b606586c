// A page to give to the callers of an agent: its URL, what to send, how to get it, and what the responses mean.
import { Button } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { AgentFrame } from "../agent/AgentFrame";
import type { AgentDetail } from "../api/schemas";
import { CodeLine } from "../parts/CodeLine";
import { CopyButton } from "../parts/CopyButton";
import { useTokenLine } from "../vendors/useTokenLine";
import css from "./CallersPage.module.css";
import { type Sheet, asText, sheetOf } from "./sheet";

export default function CallersPage() {
  return <AgentFrame>{(agent) => <Shown agent={agent} />}</AgentFrame>;
}

function Shown({ agent }: { agent: AgentDetail }) {
  const token = useTokenLine(agent);
  const sheet = sheetOf(agent, token);
  return (
    <section className={`panel ${css.sheet}`} aria-labelledby="sheet">
      <div className={css.bar}>
        <h2 id="sheet">{sheet.title}</h2>
        <div className={css.tools}>
          <CopyButton text={asText(sheet)} what="this page as text" />
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPrinter size={15} aria-hidden />}
            onClick={() => window.print()}
          >
            Print
          </Button>
        </div>
      </div>
      <p className="dim small">
        Nothing on this page is secret. Give it to the people who will call the agent.
      </p>
      <Facts sheet={sheet} />
      {sheet.lines.map((line) => (
        <div key={line.about}>
          <h3>{line.about}</h3>
          <CodeLine text={line.text} what={line.about} />
        </div>
      ))}
      <h3>What the responses mean</h3>
      <dl className="facts">
        {sheet.answers.map(([status, means]) => (
          <Pair key={status} name={status} value={means} />
        ))}
      </dl>
      <p>
        Every response has the header <code>X-Request-Id</code>. Quote it when you ask for help: the operator
        can look it up. Never send the token or key.
      </p>
    </section>
  );
}

function Facts({ sheet }: { sheet: Sheet }) {
  return (
    <dl className="facts">
      {sheet.facts.map(([name, value]) => (
        <Pair key={name} name={name} value={value} code />
      ))}
    </dl>
  );
}

function Pair({ name, value, code }: { name: string; value: string; code?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{code ? <code>{value}</code> : value}</dd>
    </>
  );
}
