// The pages of a list: where each page so far begins, and a page that is cut from a list of which all is known.
import { useState } from "react";

/** The API's own page of most lists: about two screens of rows. */
export const PAGE_SIZE = 50;

export interface Page<Item, Cursor> {
  items: Item[];
  next: Cursor | null;
  total?: number;
}

export interface Paging<Cursor> {
  /** Where each page so far begins; the last is the one that is shown. The first page begins at `undefined`. */
  cursors: (Cursor | undefined)[];
  onCursors: (cursors: (Cursor | undefined)[]) => void;
}

export function usePaging<Cursor>() {
  const [cursors, onCursors] = useState<(Cursor | undefined)[]>([undefined]);
  /** Wraps a setter of a search, a filter or an order: the changed list begins at its first page. */
  const fromFirstPage =
    <Value>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value);
      onCursors([undefined]);
    };
  return { paging: { cursors, onCursors }, cursor: cursors.at(-1), fromFirstPage };
}

/** The page of `all` that begins at an index. */
export function cut<Item>(all: Item[], from: number, size: number): Required<Page<Item, number>> {
  const end = from + size;
  return { items: all.slice(from, end), next: end < all.length ? end : null, total: all.length };
}
