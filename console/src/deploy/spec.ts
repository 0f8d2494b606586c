// Reads and writes members of a specification, which is JSON of any shape until the gateway has validated it.
import type { Json, JsonObject } from "../api/schemas";

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object under a name, or an empty one. */
export function member(value: Json | undefined, name: string): JsonObject {
  const inner = isObject(value) ? value[name] : undefined;
  return isObject(inner) ? inner : {};
}

export function text(value: Json | undefined, absent = ""): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : absent;
}

export function flag(value: Json | undefined, absent: boolean): boolean {
  return typeof value === "boolean" ? value : absent;
}

export function list(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map((item) => text(item)) : [];
}

/** Whether two values are the same, whatever the order of members. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && same(a[name], b[name]));
}

/**
 * Writes a member. A value that means the same as an absent member is written only where that very value was
 * written before: an operator's explicit default survives, and none is added.
 */
export function put(target: JsonObject, name: string, value: Json, absent: Json): void {
  if (name in target && same(target[name], value)) return;
  if (same(value, absent)) delete target[name];
  else target[name] = value;
}
