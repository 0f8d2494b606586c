// The banner over all pages while the shared store is not in order: changes are refused, and why.
import { Link, useLocation } from "wouter";
import { Notice } from "../parts/Notice";
import css from "../shell/Frame.module.css";
import { STORE_STATES } from "./store";
import { useFleet } from "./useFleet";

export function StoreBanner() {
  const [path] = useLocation();
  const state = useFleet().data?.store.state ?? "ok";
  const { tone, title, meaning } = STORE_STATES[state];
  // The page of the fleet says it with what to do.
  const shown = state !== "ok" && path !== "/fleet";
  return (
    <div className={css.banner} role="status">
      {shown && (
        <Notice tone={tone} title={title}>
          <p>
            {meaning}{" "}
            <Link to="/fleet" className="link">
              What to do
            </Link>
          </p>
        </Notice>
      )}
    </div>
  );
}
