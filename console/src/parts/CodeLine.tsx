// Code with a button that copies it.
import css from "./CodeLine.module.css";
import { CopyButton } from "./CopyButton";

export function CodeLine({ text, what }: { text: string; what: string }) {
  return (
    <div className={css.box}>
      <pre className={css.text} tabIndex={0} role="region" aria-label={what}>
        {text}
      </pre>
      <CopyButton text={text} what={what} />
    </div>
  );
}
