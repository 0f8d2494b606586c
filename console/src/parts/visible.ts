// Makes text from others safe to read: invisible characters and those that change its direction are spelled out.

/** Enough for any sensible display name, and at most three lines of a table cell. */
const MAX_CHARACTERS = 120;

/** Control characters, and those that change the direction of text or have no width. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function visible(text: string): string {
  const letters = [...text];
  const short = letters.length > MAX_CHARACTERS ? `${letters.slice(0, MAX_CHARACTERS).join("")}…` : text;
  return short.replace(
    INVISIBLE,
    (letter) => `⟨U+${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}
