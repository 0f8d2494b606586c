// What came of a question to the gateway about a decision: the explanation, or why there is none.
import type { Explanation } from "../api/schemas";
import { ErrorNotice } from "../parts/ErrorNotice";
import { Explained } from "./Explained";
import css from "./WhyRefused.module.css";

interface Props {
  asked: { isError: boolean; error: unknown; data: Explanation | undefined };
  /** The title of an error. */
  title: string;
}

export function ExplainResult({ asked, title }: Props) {
  return (
    <div aria-live="polite">
      {asked.isError && (
        <div className={css.result}>
          <ErrorNotice error={asked.error} title={title} />
        </div>
      )}
      {asked.data && (
        <div className={css.result}>
          <Explained explanation={asked.data} />
        </div>
      )}
    </div>
  );
}
