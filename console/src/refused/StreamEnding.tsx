// When the stream of an explained request would end, and by what.
import type { Explanation } from "../api/schemas";
import { MessageText } from "../parts/MessageText";
import { Time } from "../parts/Time";
import css from "./WhyRefused.module.css";
import { KINDS } from "./streamKinds";

export function StreamEnding({ explanation }: { explanation: Explanation }) {
  const { stream } = explanation;
  if (!stream) return null;
  return (
    <section className={css.ruled} aria-label="The end of the stream" data-testid="stream">
      <p>
        {stream.asked_for ? "It asks for " : "If the response is "}
        {KINDS[stream.kind]}
        {stream.ends_at ? (
          <>
            , which ends <Time at={stream.ends_at} />.
          </>
        ) : (
          ", which no end of a credential ends."
        )}
      </p>
      <p className="small">
        <MessageText text={stream.says} />
      </p>
    </section>
  );
}
