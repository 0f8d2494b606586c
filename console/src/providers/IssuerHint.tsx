// "Did you mean …?", with a button that applies it.
import { Button } from "@mantine/core";
import { Notice } from "../parts/Notice";
import { hintOf } from "./issuer";

export function IssuerHint({ typed, onUse }: { typed: string; onUse: (issuer: string) => void }) {
  const hint = hintOf(typed);
  if (!hint) return null;
  return (
    <Notice tone="note" role="status">
      <p>
        {hint.why} Did you mean <code>{hint.issuer}</code>?
      </p>
      <Button size="xs" variant="default" onClick={() => onUse(hint.issuer)}>
        Use {hint.issuer}
      </Button>
    </Notice>
  );
}
