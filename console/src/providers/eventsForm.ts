// The settings of security events that the form of a provider edits. How they come, and for whom they are, stands beside files on
// the gateway's disk, so that the form keeps the section where one is written, and begins none.
import type { JsonObject } from "../api/schemas";
import { isObject, member, put, text } from "../deploy/spec";

export interface EventsForm {
  /** Whether the provider is asked for events. */
  pollsEvents: boolean;
  eventsInterval: string;
}

export function readEvents(spec: JsonObject): EventsForm {
  const { poll } = member(spec, "events");
  return { pollsEvents: isObject(poll), eventsInterval: isObject(poll) ? text(poll.interval) : "" };
}

/** Writes them into the section of a specification, where it has one. */
export function writeEvents(form: EventsForm, spec: JsonObject): void {
  const { poll } = member(spec, "events");
  if (isObject(poll)) put(poll, "interval", form.eventsInterval.trim(), "");
}
