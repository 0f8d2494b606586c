// Converts the CORS settings between specification and form.
import type { JsonObject } from "../api/schemas";
import { flag, isObject, list, member, put, text } from "./spec";

export interface CorsForm {
  /** What the lists here are added to; empty is nothing. */
  corsPreset: string;
  corsOrigins: string[];
  corsMethods: string[];
  corsHeaders: string[];
  corsExposed: string[];
  corsCredentials: boolean;
  corsMaxAge: string;
}

export function readCors(spec: JsonObject): CorsForm {
  const cors = settings(spec);
  return {
    corsPreset: text(cors.preset),
    corsOrigins: list(cors.allowed_origins),
    corsMethods: list(cors.allowed_methods),
    corsHeaders: list(cors.allowed_headers),
    corsExposed: list(cors.exposed_headers),
    corsCredentials: flag(cors.allow_credentials, false),
    corsMaxAge: text(cors.max_age),
  };
}

/** The section as a mapping: a single word stands for its preset. */
function settings(spec: JsonObject): JsonObject {
  return typeof spec.cors === "string" ? { preset: spec.cors } : member(spec, "cors");
}

/** The section; `null` when the agent allows no other origin. */
export function writeCors(form: CorsForm, original: JsonObject): JsonObject | string | null {
  const before = settings(original);
  if (form.corsOrigins.length === 0 && !form.corsPreset) {
    const had = isObject(original.cors) && !before.preset && list(before.allowed_origins).length === 0;
    if (!had) return null;
  }
  const cors = { ...before };
  put(cors, "preset", form.corsPreset, "");
  put(cors, "allowed_origins", form.corsOrigins, []);
  put(cors, "allowed_methods", form.corsMethods, []);
  put(cors, "allowed_headers", form.corsHeaders, []);
  put(cors, "exposed_headers", form.corsExposed, []);
  put(cors, "allow_credentials", form.corsCredentials, false);
  put(cors, "max_age", form.corsMaxAge.trim(), "");
  const isWord = Object.keys(cors).length === 1 && "preset" in cors && !isObject(original.cors);
  return isWord ? form.corsPreset : cors;
}
