// A table that becomes a list of cards on a phone. Roles are written out, since a table that is shown as blocks
// would lose them.
import type { ReactNode } from "react";
import css from "./DataTable.module.css";

export interface Column<Row> {
  label: string;
  cell: (row: Row) => ReactNode;
  /** Names the row: its cell is the row's header. */
  header?: boolean;
  right?: boolean;
  /** The label of a column of buttons is only for screen readers. */
  quiet?: boolean;
}

interface Props<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  keyOf: (row: Row) => string;
}

export function DataTable<Row>({ label, columns, rows, keyOf }: Props<Row>) {
  return (
    <div className={css.box}>
      <table role="table" aria-label={label} className={css.table}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map((column) => (
              <th key={column.label} role="columnheader" scope="col" data-right={column.right}>
                <span className={column.quiet ? css.quiet : undefined}>{column.label}</span>
              </th>
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
