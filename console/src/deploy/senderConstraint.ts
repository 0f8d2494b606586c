// Converts what an agent asks of tokens that are bound to their holder between specification and form.
import type { Json, JsonObject } from "../api/schemas";
import { isObject, list, member, put, text } from "./spec";

export interface SenderConstraintForm {
  dpop: string;
  mtls: string;
  /** Whether either of the two will do. */
  eitherBinding: boolean;
  maxAge: string;
  nonce: string;
  replayEntries: string;
  /** What becomes of bound tokens where both modes are off. */
  cnf: string;
}

export function readSenderConstraint(oauth: JsonObject): SenderConstraintForm {
  const sender = member(oauth, "sender_constraint");
  const nonce = isObject(sender.nonce) ? sender.nonce.mode : sender.nonce;
  return {
    dpop: text(sender.dpop, "off"),
    mtls: text(sender.mtls, "off"),
    eitherBinding: list(sender.any_of).length > 0,
    maxAge: text(sender.max_age),
    nonce: text(nonce, "off"),
    replayEntries: text(sender.replay_entries),
    cnf: text(sender.cnf, "refuse"),
  };
}

/** Writes the input into `oauth`. Members that the form does not know are kept. */
export function writeSenderConstraint(form: SenderConstraintForm, oauth: JsonObject): void {
  const sender = { ...member(oauth, "sender_constraint") };
  put(sender, "dpop", form.dpop, "off");
  put(sender, "mtls", form.mtls, "off");
  if (form.eitherBinding !== list(sender.any_of).length > 0) {
    put(sender, "any_of", form.eitherBinding ? ["dpop", "mtls"] : [], []);
  }
  put(sender, "max_age", form.maxAge.trim(), "");
  put(sender, "nonce", nonceOf(form.nonce, sender.nonce), "off");
  put(sender, "replay_entries", numberOf(form.replayEntries.trim()), "");
  put(sender, "cnf", form.cnf, "refuse");
  put(oauth, "sender_constraint", sender, {});
}

/** Age and key of the nonces are kept. */
function nonceOf(mode: string, original: Json | undefined): Json {
  return isObject(original) ? { ...original, mode } : mode;
}

/** Text that is not a number goes to the gateway as it is, which says what is wrong with it. */
function numberOf(typed: string): Json {
  return /^\d{1,15}$/.test(typed) ? Number(typed) : typed;
}
