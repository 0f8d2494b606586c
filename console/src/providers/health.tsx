// The health of the keys of an identity provider, as a mark.
import type { Health } from "../api/schemas";
import { Mark, type MarkTone } from "../parts/Mark";

const HEALTH: Record<Health, { tone: MarkTone; word: string; means: string }> = {
  ok: { tone: "ok", word: "healthy", means: "The keys are fresh." },
  stale: {
    tone: "warn",
    word: "stale",
    means: "The keys are old but still used; the last fetch failed.",
  },
  failing: {
    tone: "bad",
    word: "failing",
    means: "There are no usable keys: requests with its tokens get 503.",
  },
  waiting: { tone: "note", word: "waiting", means: "The first fetch of the keys has not finished yet." },
};

export function HealthMark({ health }: { health: Health }) {
  const { tone, word, means } = HEALTH[health] ?? HEALTH.waiting;
  return (
    <Mark tone={tone} title={means}>
      {word}
    </Mark>
  );
}
