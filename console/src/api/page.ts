/** One page of a list, whatever is on it: the document has a type for each. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
  total: number;
}
