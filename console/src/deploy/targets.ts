// Converts the targets of an upstream between specification and form: a row for each.
import type { Json, JsonObject } from "../api/schemas";
import { number } from "./limits";
import { isObject, put, same, text } from "./spec";

export interface TargetRow {
  url: string;
  /** Empty is 1. */
  weight: string;
  zone: string;
  /** As it was read; `null` for a new one. */
  written: Json;
}

export const NEW_TARGET: TargetRow = { url: "", weight: "", zone: "", written: null };

export function readTargets(written: Json | undefined): TargetRow[] {
  return Array.isArray(written) ? written.map(readTarget) : [];
}

function readTarget(written: Json): TargetRow {
  const target = isObject(written) ? written : { url: text(written) };
  return { url: text(target.url), weight: text(target.weight), zone: text(target.zone), written };
}

/** The targets as JSON, without empty rows. */
export function writeTargets(rows: TargetRow[]): Json[] {
  return rows.filter((row) => row.url.trim() || row.weight.trim() || row.zone.trim()).map(writeTarget);
}

/** One without weight and zone is its URL, unless it was written as an object. */
function writeTarget(row: TargetRow): Json {
  if (row.written !== null && same(readTarget(row.written) as unknown as Json, row as unknown as Json))
    return row.written;
  const target: JsonObject = isObject(row.written) ? { ...row.written } : {};
  target.url = row.url.trim();
  put(target, "weight", number(row.weight), "");
  put(target, "zone", row.zone.trim(), "");
  return isObject(row.written) || Object.keys(target).length > 1 ? target : target.url;
}
