// Converts the upstream settings between specification and form.
import type { Json, JsonObject } from "../api/schemas";
import { isObject, member, put, text } from "./spec";
import { type TargetRow, readTargets, writeTargets } from "./targets";

/** A header that the gateway sets for the agent. The API does not show its value, which is a secret. */
export interface SetHeader {
  name: string;
  /** A new value; empty keeps the existing one. */
  value: string;
  file: string;
}

export interface UpstreamForm {
  /** The one URL, where there are no targets. */
  upstream: string;
  targets: TargetRow[];
  upstreamHost: string;
  upstreamCaFile: string;
  setHeaders: SetHeader[];
}

export function readUpstream(written: Json | undefined): UpstreamForm {
  const upstream = isObject(written) ? written : { url: text(written) };
  return {
    upstream: text(upstream.url),
    targets: readTargets(isObject(written) ? written.targets : undefined),
    upstreamHost: text(upstream.host),
    upstreamCaFile: text(upstream.ca_file),
    setHeaders: Object.entries(member(upstream, "set_headers")).map(([name, value]) => ({
      name,
      value: "",
      file: isObject(value) ? text(value.file) : "",
    })),
  };
}

export function writeUpstream(form: UpstreamForm, original: Json | undefined): Json {
  const before = isObject(original) ? original : {};
  const upstream: JsonObject = { ...before };
  if (form.targets.length > 0) {
    delete upstream.url;
    upstream.targets = writeTargets(form.targets);
  } else {
    delete upstream.targets;
    upstream.url = form.upstream.trim();
  }
  put(upstream, "host", form.upstreamHost.trim(), "");
  put(upstream, "ca_file", form.upstreamCaFile.trim(), "");
  put(upstream, "set_headers", headersOf(form.setHeaders, member(before, "set_headers")), {});
  return isObject(original) || Object.keys(upstream).length > 1 || "targets" in upstream
    ? upstream
    : form.upstream.trim();
}

/** A header without a new value keeps the existing one. */
function headersOf(rows: SetHeader[], before: JsonObject): JsonObject {
  const headers: JsonObject = {};
  for (const row of rows) {
    const name = row.name.trim();
    if (!name) continue;
    const file = row.file.trim();
    if (file) headers[name] = isObject(before[name]) ? { ...before[name], file } : { file };
    else if (row.value !== "" || !(name in before)) headers[name] = row.value;
    else headers[name] = before[name] ?? "";
  }
  return headers;
}
