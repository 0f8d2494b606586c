// Whether a specification keeps the bounds of its settings, in the words of the gateway, so that nobody waits for its
// answer. All that is no matter of bounds is left to the gateway.
import type { AllBounds, Bounds, Diagnostic, Json, JsonObject } from "../api/schemas";

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1_000,
  KB: 1_000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1_024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

/** More than this the gateway reads as no number at all. */
const LARGEST = 2 ** 64;

const times = (number: string | undefined, unit: number | undefined): number | null =>
  number === undefined || unit === undefined || Number(number) >= LARGEST ? null : Number(number) * unit;

/** What a kind of value is called, how to write one, and how it is read: `null` is none. */
const KINDS: Record<Bounds["kind"], { name: string; help: string; read: (text: string) => number | null }> = {
  count: {
    name: "a whole number",
    help: "write digits alone, without quotes",
    read: (text) => (/^[0-9]+$/.test(text) ? Number(text) : null),
  },
  duration: {
    name: "a duration",
    help: "write a number and a unit: ms, s, m, h or d, such as `30s`",
    read: (text) => {
      if (!/^([0-9]+(ms|s|m|h|d))+$/.test(text)) return null;
      const parts = [...text.matchAll(/([0-9]+)(ms|[smhd])/g)];
      const each = parts.map(([, number, unit = ""]) => times(number, MILLISECONDS[unit]));
      return each.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0);
    },
  },
  size: {
    name: "a size",
    help: "write a number and a unit: B, KiB, MiB, GiB, KB, MB or GB, such as `10MiB`",
    read: (text) => {
      const [, number, unit = ""] = /^([0-9]+)\s*([A-Za-z]*)$/.exec(text) ?? [];
      return times(number, BYTES[unit]);
    },
  },
};

/** What is wrong with a value and what to write instead; `null` is nothing. */
export function misfit(bounds: Bounds, text: string): Pick<Diagnostic, "message" | "help"> | null {
  const { minimum, maximum, words = [] } = bounds;
  const { name, help, read } = KINDS[bounds.kind];
  if (words.includes(text)) return null;
  const [value, least, most] = [text, minimum, maximum].map(read);
  if (value === null || value === undefined) {
    const either = [name, ...words.map((word) => `\`${word}\``)];
    const none = words.length ? `neither ${either.join(" nor ")}` : `not ${name}`;
    return { message: `${shown(text)} is ${none}`, help };
  }
  if (value >= (least ?? 0) && value <= (most ?? Infinity)) return null;
  return {
    message: `${shown(text)} is out of bounds`,
    help: `write something from ${minimum} to ${maximum}`,
  };
}

/** A long text is cut as the gateway cuts it. */
function shown(text: string): string {
  const characters = [...text];
  return characters.length > 60 ? `\`${characters.slice(0, 57).join("")}...\`` : `\`${text}\``;
}

/** What stands at a JSON pointer without escapes. */
function at(spec: JsonObject, pointer: string): Json | undefined {
  return pointer
    .split("/")
    .slice(1)
    .reduce<Json | undefined>(
      (value, step) =>
        typeof value === "object" && value !== null && !Array.isArray(value) ? value[step] : undefined,
      spec,
    );
}

/** A finding for each setting that does not keep its bounds, as the gateway would make it. */
export function misfits(all: AllBounds, spec: JsonObject): Diagnostic[] {
  return Object.entries(all).flatMap(([path, bounds]) => {
    const value = at(spec, path);
    if (typeof value !== "string" && typeof value !== "number") return [];
    // What the environment holds is known to the gateway alone.
    if (String(value).includes("${")) return [];
    const found = misfit(bounds, String(value));
    if (!found) return [];
    return [
      {
        severity: "error",
        code: "out-of-range",
        ...found,
        resource: null,
        path,
        file: "",
        line: 0,
        column: 0,
      },
    ];
  });
}
