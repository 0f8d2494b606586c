// Who is denied, whatever the configuration says: made here, listed with their ends, lifted.
import { useState } from "react";
import { useSearch } from "wouter";
import { useDenials } from "../api/queries";
import { EmptyState } from "../parts/EmptyState";
import { PageHead } from "../parts/PageHead";
import { Pager } from "../parts/Pager";
import { QueryError } from "../parts/QueryError";
import { PAGE_SIZE, usePaging } from "../parts/paging";
import css from "./Denials.module.css";
import { DenialsTable } from "./DenialsTable";
import { Deny } from "./Deny";
import { formOf } from "./denials";

export default function DenialsPage() {
  const search = useSearch();
  const { paging, cursor } = usePaging<string>();
  const found = useDenials({ limit: PAGE_SIZE, after: cursor });
  const page = found.data;
  // A caller that another page names begins a new form.
  const [made, setMade] = useState(0);
  return (
    <>
      <PageHead
        title="Denials"
        about="A denial refuses a credential from now on, whatever the configuration, the token or the cache say of it, and ends what runs with it. It changes no configuration."
      />
      <Deny key={`${search} ${made}`} initial={formOf(search)} onMade={() => setMade(made + 1)} />
      <section className={css.section} aria-labelledby="denied">
        <h2 id="denied" className={css.heading}>
          Denied now
        </h2>
        <QueryError query={found} title="The denials could not be read" />
        {page?.total === 0 && <EmptyState title="Nobody is denied" />}
        {page && page.items.length > 0 && <DenialsTable denials={page.items} />}
        {page && <Pager label="Pages of denials" page={page} size={PAGE_SIZE} {...paging} />}
      </section>
    </>
  );
}
