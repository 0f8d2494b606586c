// Two texts line by line beside each other: which lines are on one side alone.

export interface Pair {
  /** The line of each side; `null` where the other side alone has one. */
  left: string | null;
  right: string | null;
}

/** Beyond this many comparisons, what differs is shown as one block: a browser would stand still. */
const MOST = 4_000_000;

/** The lines of both texts in order; equal lines stand beside each other. */
export function paired(left: string, right: string): Pair[] {
  const [a, b] = [left.split("\n"), right.split("\n")];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const same = (lines: string[]): Pair[] => lines.map((line) => ({ left: line, right: line }));
  const middle = [a.slice(start, a.length - end), b.slice(start, b.length - end)] as const;
  return [...same(a.slice(0, start)), ...differing(...middle), ...same(end ? a.slice(-end) : [])];
}

function differing(a: readonly string[], b: readonly string[]): Pair[] {
  const blocks: Pair[] = [];
  let [gone, come]: [string[], string[]] = [[], []];
  const flush = () => {
    for (let row = 0; row < Math.max(gone.length, come.length); row += 1)
      blocks.push({ left: gone[row] ?? null, right: come[row] ?? null });
    [gone, come] = [[], []];
  };
  let [i, j] = [0, 0];
  for (const [atA, atB] of common(a, b)) {
    gone.push(...a.slice(i, atA));
    come.push(...b.slice(j, atB));
    flush();
    blocks.push({ left: a[atA] ?? null, right: b[atB] ?? null });
    [i, j] = [atA + 1, atB + 1];
  }
  gone.push(...a.slice(i));
  come.push(...b.slice(j));
  flush();
  return blocks;
}

/** The longest common subsequence, as indexes of both. */
function common(a: readonly string[], b: readonly string[]): [number, number][] {
  if (a.length * b.length > MOST) return [];
  const width = b.length + 1;
  const longest = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => longest[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      longest[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const found: [number, number][] = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) found.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i += 1;
    else j += 1;
  }
  return found;
}

/** Whether a pair is a difference. */
export const differs = ({ left, right }: Pair): boolean => left !== right;

/** JSON in the layout of both sides; a text that is no JSON stays as it is. */
export function laidOut(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
