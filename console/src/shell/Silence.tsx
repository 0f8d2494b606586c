// The one banner over all pages while the gateway does not respond.
import { Notice } from "../parts/Notice";
import { clock, useZone } from "../parts/zone";
import { useSilentSince } from "../api/reachability";
import css from "./Frame.module.css";

export function Silence() {
  const since = useSilentSince();
  const zone = useZone();
  return (
    <div className={css.banner} role="alert">
      {since !== null && (
        <Notice
          tone="bad"
          title={`No response since ${clock(new Date(since), zone)}; this page shows old data`}
        >
          <p>The console keeps trying. Is the gateway running, and can you reach it?</p>
        </Notice>
      )}
    </div>
  );
}
