// A token or key as people paste it: with the header's name, with the prefix, in quotes, broken over lines.

export interface Bare {
  credential: string;
  /** What was taken off its front, to say so. */
  removed: string | null;
}

export function bareCredential(pasted: string): Bare {
  const text = pasted.replace(/\s*[\r\n]+\s*/g, "").trim();
  const front = /^["']?(?:(?:authorization|x-api-key)\s*:\s*)?(?:bearer\s+)?/i.exec(text)?.[0] ?? "";
  const removed = front.replace(/^["']/, "").trim();
  return {
    credential: text
      .slice(front.length)
      .replace(/["']+$/, "")
      .trim(),
    removed: removed === "" ? null : removed,
  };
}
