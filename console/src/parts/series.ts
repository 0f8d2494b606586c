/** Numbers over time, as a chart draws them and its table lists them. */
export interface Series {
  label: string;
  values: (number | null)[];
  colour: string;
  dashed?: boolean;
}
