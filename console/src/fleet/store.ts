// The states of a shared store in words, and what a person has to decide.
import type { StoreState } from "../api/schemas";
import type { Tone } from "../parts/Notice";

interface Meaning {
  tone: Exclude<Tone, "note">;
  title: string;
  meaning: string;
  /** Who ends the state: nobody has to, it ends by itself, or a person decides. */
  ends: "fine" | "by_itself" | "by_a_person";
  /** Whether the store holds something that could be taken instead of what runs. */
  holds: boolean;
}

export const STORE_STATES: Record<StoreState, Meaning> = {
  ok: {
    tone: "ok",
    title: "The store is in order",
    meaning: "etcd answers, and its newest revision is known here.",
    ends: "fine",
    holds: true,
  },
  stale: {
    tone: "warn",
    title: "etcd does not answer this gateway",
    meaning:
      "The gateway goes on with the configuration that it has. Changes are refused until etcd answers again, and none is queued.",
    ends: "by_itself",
    holds: true,
  },
  torn: {
    tone: "warn",
    title: "What etcd holds does not fit its hash",
    meaning:
      "Something else than Portcullis wrote under the prefix, or a write is half visible. The gateway does not apply it, goes on with what it has, and reads again.",
    ends: "by_itself",
    holds: true,
  },
  vanished: {
    tone: "bad",
    title: "The configuration has vanished from etcd",
    meaning:
      "There is no head where there was one: the data of etcd were wiped, or the keys were deleted. The gateways go on with what they have, and changes are refused.",
    ends: "by_a_person",
    holds: false,
  },
  foreign: {
    tone: "bad",
    title: "etcd holds the configuration of another store",
    meaning:
      "The identity of the store is not the one that is expected: the endpoints or the prefix lead elsewhere, or etcd was set up anew. The gateways go on with what they have, and changes are refused.",
    ends: "by_a_person",
    holds: true,
  },
  regressed: {
    tone: "bad",
    title: "etcd has gone back to an older revision",
    meaning:
      "This happens when a backup of etcd is restored. To take it up would undo later changes and bring revoked API keys back. The gateways go on with what they have, and changes are refused.",
    ends: "by_a_person",
    holds: true,
  },
  forked: {
    tone: "bad",
    title: "etcd has another history than this gateway",
    meaning:
      "The revision that this gateway runs was made by another commit in etcd: a backup was restored, and changes were made since. The gateways go on with what they have, and changes are refused.",
    ends: "by_a_person",
    holds: true,
  },
};

/** The command that writes back what a member runs. */
export const keepCommand = (member: string): string =>
  `portcullis store resume -c CONFIG --from-member ${/^[\w.-]+$/.test(member) ? member : "NAME"}`;

/** The command that takes what etcd holds. */
export const ACCEPT_COMMAND = "portcullis store resume -c CONFIG --accept REVISION";
