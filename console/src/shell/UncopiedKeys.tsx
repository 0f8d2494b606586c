// A reminder, on every other page, of a new key that has not been copied.
import { Link, useLocation } from "wouter";
import { useUncopied } from "../apikeys/uncopied";
import { Notice } from "../parts/Notice";
import css from "./Frame.module.css";

export function UncopiedKeys() {
  const [path] = useLocation();
  const waiting = useUncopied();
  const pageOf = (agent: string) => `/agents/${encodeURIComponent(agent)}/api-keys`;
  const elsewhere = [...new Set(waiting.map((one) => one.agent))].filter((agent) => pageOf(agent) !== path);
  if (elsewhere.length === 0) return null;
  return (
    <div className={css.banner}>
      {elsewhere.map((agent) => (
        <Notice key={agent} tone="warn" title={`A new API key of ${agent} has not been copied yet`}>
          <p>
            You can see it until you confirm that you have copied it, or close this browser tab.{" "}
            <Link to={pageOf(agent)} className="link">
              Show the key
            </Link>
          </p>
        </Notice>
      ))}
    </div>
  );
}
