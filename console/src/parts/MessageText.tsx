// A message of the gateway: text between backticks is shown as code, and none of it is HTML.
export function MessageText({ text }: { text: string }) {
  return text
    .split(/`([^`]+)`/)
    .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}
