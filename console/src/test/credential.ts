// Finds the credential in pasted text, which may have the name of a header, a prefix, quotes or line breaks.

export interface Bare {
  credential: string;
  /** The text that was removed from its front, to tell the operator. */
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
