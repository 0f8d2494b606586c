/** A page of a list of any kind; the document of the API has a type for each kind. */
export interface Page<Item> {
  items: Item[];
  next: string | null;
  total: number;
}
