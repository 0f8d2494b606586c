// The client certificate of an explanation: its two names, and what each way into the gateway makes of it.
import type { Explanation } from "../api/schemas";
import { Mark } from "../parts/Mark";
import { MessageText } from "../parts/MessageText";
import css from "./WhyRefused.module.css";

export function ShownCertificate({ explanation }: { explanation: Explanation }) {
  const { certificate } = explanation;
  if (!certificate) return null;
  return (
    <section className={css.ruled} aria-label="What is made of the certificate" data-testid="certificate">
      <dl className={css.values}>
        <dt>SHA-256</dt>
        <dd>
          <code>{certificate.sha256}</code>
        </dd>
        <dt>x5t#S256</dt>
        <dd>
          <code>{certificate.thumbprint}</code>
        </dd>
      </dl>
      {certificate.ways.length === 0 && (
        <p className="small">
          No listener asks clients for certificates, and no proxy says which they have shown: requests have
          none.
        </p>
      )}
      <ul className={css.rules} aria-label="Ways to show it">
        {certificate.ways.map((way) => (
          <li key={way.setting}>
            <Mark tone={way.accepted ? "ok" : "bad"}>{way.accepted ? "accepted" : "refused"}</Mark>{" "}
            <code>{way.setting}</code> <MessageText text={way.why} />
          </li>
        ))}
      </ul>
    </section>
  );
}
