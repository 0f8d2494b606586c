// A page that lists resources: its head with a button for a new one, its error, and the tools that filter the list.
import { Button, Loader, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import type { ComponentProps, ReactNode } from "react";
import { Chips } from "./Chips";
import css from "./ListPage.module.css";
import { PageHead } from "./PageHead";
import { QueryError } from "./QueryError";
import { ReadOnlyNotice, off, useReadOnly } from "./writable";

interface Props {
  title: string;
  about: ComponentProps<typeof PageHead>["about"];
  add: string;
  onAdd: () => void;
  query: ComponentProps<typeof QueryError>["query"] & { isPending: boolean };
  /** The title of the error when the list cannot be read. */
  errorTitle: string;
  children: ReactNode;
}

export function ListPage({ title, about, add, onAdd, query, errorTitle, children }: Props) {
  const readOnly = useReadOnly();
  return (
    <>
      <PageHead
        title={title}
        about={about}
        actions={
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={onAdd} {...off(readOnly)}>
            {add}
          </Button>
        }
      />
      <ReadOnlyNotice reason={readOnly} />
      <QueryError query={query} title={errorTitle} />
      {query.isPending && <Loader role="img" aria-label="Loading" />}
      {children}
    </>
  );
}

interface ToolsProps<Filter extends string> {
  search: string;
  placeholder: string;
  typed: string;
  onType: (typed: string) => void;
  /** What the list can be filtered by, if anything. */
  filters?: readonly { value: Filter; label: string }[];
  filter?: Filter | null;
  onFilter?: (filter: Filter | null) => void;
  /** Further tools, between the search and the filters. */
  children?: ReactNode;
}

export function ListTools<Filter extends string>(props: ToolsProps<Filter>) {
  const { filters, filter = null, onFilter = () => undefined } = props;
  return (
    <div className={css.tools}>
      <TextInput
        type="search"
        aria-label={props.search}
        placeholder={props.placeholder}
        leftSection={<IconSearch size={16} aria-hidden />}
        className={css.search}
        value={props.typed}
        onChange={(event) => props.onType(event.currentTarget.value)}
      />
      {props.children}
      {filters && <Chips label="Show only" choices={filters} value={filter} onChange={onFilter} />}
    </div>
  );
}
