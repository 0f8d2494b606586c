// Text that somebody else chose, made safe to read: what cannot be seen, or turns other letters round, is spelled out.

/** The longest text that is shown in one line, in characters. */
const MAX_CHARACTERS = 120;

/** Control characters, and those that change the direction of text or take no space. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

export function visible(text: string): string {
  const letters = [...text];
  const short = letters.length > MAX_CHARACTERS ? `${letters.slice(0, MAX_CHARACTERS).join("")}…` : text;
  return short.replace(
    INVISIBLE,
    (letter) => `⟨U+${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`,
  );
}
