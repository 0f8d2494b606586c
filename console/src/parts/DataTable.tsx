// A table that becomes a list of cards on a phone. Roles are explicit, since a table that is displayed as blocks
// loses them.
import { VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { ReactNode } from "react";
import css from "./DataTable.module.css";

export interface Column<Row> {
  label: string;
  cell: (row: Row) => ReactNode;
  /** Names the row: its cell is the row's header. */
  header?: boolean;
  right?: boolean;
  /** The label is for screen readers only, as above a column of buttons. */
  quiet?: boolean;
  /** The sort key of a row; with `mostFirst`, the first click on the column sorts the greatest first. */
  sort?: (row: Row) => string | number;
  mostFirst?: boolean;
}

/** The column by which rows are ordered, and whether the greatest comes first. */
export interface Sorting {
  label: string;
  down: boolean;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
  sorting?: Sorting | null;
  onSorting?: (sorting: Sorting) => void;
}

/** The rows in the chosen order; in the given one when none is chosen. */
export function sorted<Row>(rows: Row[], columns: Column<Row>[], sorting: Sorting | null): Row[] {
  const by = columns.find((column) => column.label === sorting?.label)?.sort;
  if (!by || !sorting) return rows;
  const sign = sorting.down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (typeof x === "number" && typeof y === "number") return sign * (x - y);
    return sign * String(x).localeCompare(String(y), "en", { numeric: true });
  });
}

export function DataTable<Row>({ label, columns, rows, keyOf, sorting, onSorting }: Props<Row>) {
  return (
    <div className={css.box}>
      <table role="table" aria-label={label} className={css.table}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <Head key={column.label} column={column} sorting={sorting} onSorting={onSorting} />
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {rows.map((row) => (
            <tr key={keyOf(row)} role="row">
              {columns.map((column) =>
                column.header ? (
                  <th key={column.label} role="rowheader" scope="row">
                    {column.cell(row)}
                  </th>
                ) : (
                  <td
                    key={column.label}
                    role="cell"
                    data-label={column.quiet ? undefined : column.label}
                    data-right={column.right}
                  >
                    <div className={css.cell}>{column.cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps<Row> extends Pick<Props<Row>, "sorting" | "onSorting"> {
  column: Column<Row>;
}

function Head<Row>({ column, sorting, onSorting }: HeadProps<Row>) {
  const { label, sort, quiet } = column;
  const chosen = sorting?.label === label ? sorting : null;
  const Arrow = chosen?.down ? IconArrowDown : IconArrowUp;
  return (
    <th
      role="columnheader"
      scope="col"
      data-right={column.right}
      aria-sort={chosen ? (chosen.down ? "descending" : "ascending") : undefined}
    >
      {sort && onSorting ? (
        <button
          type="button"
          className={css.sort}
          onClick={() => onSorting({ label, down: chosen ? !chosen.down : column.mostFirst === true })}
        >
          {label}
          {chosen && <Arrow size={13} aria-hidden />}
        </button>
      ) : quiet ? (
        <VisuallyHidden>{label}</VisuallyHidden>
      ) : (
        label
      )}
    </th>
  );
}
