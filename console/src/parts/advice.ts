// What to do after an error of the shared store. The gateway's own words say what happened; these say what helps.
import type { ErrorCode } from "../api/client";

/** Where a sentence leads to: the page that has more. */
export interface Advice {
  text: string;
  page?: "/fleet";
}

const DECIDE: Advice = {
  text: "Nothing was changed. The gateways go on with what they run, and refuse changes until a person decides what holds.",
  page: "/fleet",
};

const ADVICE: Partial<Record<ErrorCode, Advice>> = {
  store_unavailable: {
    text: "Nothing was changed, and nothing is queued. The gateways go on with what they run: try again when etcd answers.",
    page: "/fleet",
  },
  store_vanished: DECIDE,
  store_foreign: DECIDE,
  store_regressed: DECIDE,
  store_forked: DECIDE,
  torn_read: {
    text: "Nothing was changed. The gateway does not write on top of what it cannot verify, and reads etcd again by itself: try again in a moment.",
    page: "/fleet",
  },
  commit_too_large: {
    text: "Nothing was changed. Make several smaller changes of it, or bring it in with `portcullis store import`, which has no such limit.",
  },
  outcome_unknown: {
    text: "The connection to etcd ended before the answer came. Do not send the change again before you know whether it was made.",
  },
  not_understood_by: {
    text: "Nothing was changed. Upgrade these gateways first: they would refuse the change and go on with what they run.",
    page: "/fleet",
  },
};

/** `null` for an error whose own words are enough. */
export const adviceOn = (code: ErrorCode): Advice | null => ADVICE[code] ?? null;
