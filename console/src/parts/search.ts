/** A pause in typing: longer than between two keystrokes, and short enough to seem immediate. */
export const SEARCH_DEBOUNCE_MS = 250;
