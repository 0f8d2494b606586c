import { expect, it } from "vitest";
import { type Column, sorted } from "./DataTable";

const columns: Column<{ name: string; count: number }>[] = [
  { label: "Name", cell: () => null, sort: (row) => row.name },
  { label: "Count", cell: () => null, sort: (row) => row.count },
  { label: "Other", cell: () => null },
];
const rows = [
  { name: "b10", count: 2 },
  { name: "b9", count: 10 },
  { name: "a", count: 3 },
];

it.each([
  [{ label: "Name", down: false }, ["a", "b9", "b10"]],
  [{ label: "Count", down: true }, ["b9", "a", "b10"]],
  [{ label: "Other", down: true }, ["b10", "b9", "a"]],
  [null, ["b10", "b9", "a"]],
])("%j orders as %j", (sorting, names) =>
  expect(sorted(rows, columns, sorting).map((row) => row.name)).toEqual(names),
);
