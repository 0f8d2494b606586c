// Every change of agents, identity providers, API keys, limits and files, the newest first.
import { Loader, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useRevisions } from "../api/queries";
import { useIsFleet } from "../fleet/useFleet";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";
import { usePaging } from "../parts/paging";
import { SEARCH_DEBOUNCE_MS } from "../parts/search";
import { ReadOnlyNotice, useReadOnly } from "../parts/writable";
import { AnyRevision } from "./AnyRevision";
import css from "./History.module.css";
import { PAGE, RevisionList } from "./RevisionList";
import { matches, resourceIn } from "./search";

export default function HistoryPage() {
  const [typed, setTyped] = useState("");
  const [settled] = useDebouncedValue(typed.trim(), SEARCH_DEBOUNCE_MS);
  const { paging, cursor, fromFirstPage } = usePaging<number>();
  const only = resourceIn(settled);
  const found = useRevisions({ resource: only, before: cursor, limit: PAGE });
  const readOnly = useReadOnly();
  const inFleet = useIsFleet();
  const shown = found.data?.items.filter((item) => only !== undefined || matches(item, settled)) ?? [];
  return (
    <>
      <PageHead
        title="History"
        about={`Every change: ${inFleet ? "at whichever gateway of the fleet it was made" : "from the console, over the API, and by hand in the files"}. A roll-back erases nothing.`}
      />
      <ReadOnlyNotice reason={readOnly} />
      <TextInput
        type="search"
        aria-label="Search the history"
        description="A full resource name such as agents/refunds searches the whole history; other words search this page"
        placeholder="agents/refunds, a name, or who"
        inputWrapperOrder={["input", "description"]}
        leftSection={<IconSearch size={16} aria-hidden />}
        className={css.search}
        value={typed}
        onChange={(event) => fromFirstPage(setTyped)(event.currentTarget.value)}
      />
      {found.isPending && <Loader role="img" aria-label="Loading" />}
      {!found.isPending && (
        <section className="panel" aria-label="Changes">
          <RevisionList
            query={found}
            paging={paging}
            empty={
              shown.length === 0 ? (
                <EmptyState title={settled ? `No change matches “${settled}”.` : "No changes yet"} />
              ) : null
            }
          >
            {(rollBack) =>
              shown.map((item) => (
                <AnyRevision key={item.number} item={item} readOnly={readOnly} onRollBack={rollBack} />
              ))
            }
          </RevisionList>
        </section>
      )}
    </>
  );
}
