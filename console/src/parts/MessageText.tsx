// A sentence of the gateway: what it puts between backticks is shown as code, all of it as text.
export function MessageText({ text }: { text: string }) {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
