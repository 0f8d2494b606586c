// Every change of agents, identity providers, API keys and files, the newest first.
import { Loader, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useRevisions } from "../api/queries";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { QueryError } from "../parts/QueryError";
import { ReadOnlyNotice, useReadOnly } from "../parts/writable";
import { AnyRevision } from "./AnyRevision";
import css from "./History.module.css";
import { RollBack } from "./RollBack";
import { matches, resourceIn } from "./search";

const PAGE = 20;

export default function HistoryPage() {
  const [typed, setTyped] = useState("");
  const [settled] = useDebouncedValue(typed.trim(), 250);
  const [marks, setMarks] = useState<(number | undefined)[]>([undefined]);
  const [back, setBack] = useState<{ number: number; resource: string } | null>(null);
  const only = resourceIn(settled);
  const found = useRevisions(only, marks.at(-1));
  const readOnly = useReadOnly();
  const page = found.data;
  const shown = page?.items.filter((item) => only !== undefined || matches(item, settled)) ?? [];
  return (
    <>
      <PageHead
        title="History"
        about="Every change: from the console, over the API, and by hand in the files. Nothing is erased by a roll-back."
      />
      <ReadOnlyNotice reason={readOnly} />
      <TextInput
        type="search"
        aria-label="Search the history"
        description="A whole resource such as agents/refunds searches all of it; other words search this page"
        placeholder="agents/refunds, a name, or who"
        inputWrapperOrder={["input", "description"]}
        leftSection={<IconSearch size={16} aria-hidden />}
        className={css.search}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setMarks([undefined]);
        }}
      />
      {found.isPending && <Loader role="img" aria-label="Loading" />}
      <QueryError query={found} title="The history could not be read" />
      {page && shown.length === 0 && (
        <EmptyState title={settled ? `No change matches “${settled}”.` : "No changes yet"} />
      )}
      {shown.length > 0 && (
        <section className="panel" aria-label="Changes">
          <ul className={css.list}>
            {shown.map((item) => (
              <AnyRevision
                key={item.number}
                item={item}
                readOnly={readOnly}
                onRollBack={(number, resource) => setBack({ number, resource })}
              />
            ))}
          </ul>
        </section>
      )}
      {page && (
        <Pager
          label="Pages of the history"
          page={page}
          size={PAGE}
          marks={marks}
          onMarks={setMarks}
          back="Newer"
          on="Older"
        />
      )}
      <RollBack number={back?.number ?? null} resource={back?.resource ?? ""} onClose={() => setBack(null)} />
    </>
  );
}
