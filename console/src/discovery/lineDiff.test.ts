import { describe, expect, it } from "vitest";
import { differs, laidOut, paired } from "./lineDiff";

const shown = (left: string, right: string) =>
  paired(left, right).map((pair) => `${pair.left ?? ""}${differs(pair) ? "|" : "="}${pair.right ?? ""}`);

describe("equal lines stand beside each other", () => {
  const cases: [string, string, string[]][] = [
    ["a", "a", ["a=a"]],
    ["a\nb\nc", "a\nx\nc", ["a=a", "b|x", "c=c"]],
    ["a\nc", "a\nb\nc", ["a=a", "|b", "c=c"]],
    ["a\nb\nc", "a\nc", ["a=a", "b|", "c=c"]],
    ["a\nb\nc\nd", "c\nd\na\nb", ["a|", "b|", "c=c", "d=d", "|a", "|b"]],
    ["x\nb\ny\nd", "1\n2\nb\nd", ["x|1", "|2", "b=b", "y|", "d=d"]],
    ["", "a", ["|a"]],
  ];
  it.each(cases)("%j and %j", (left, right, wanted) => expect(shown(left, right)).toEqual(wanted));

  it("keeps every line of both sides, however many differ", () => {
    const many = (word: string) => Array.from({ length: 3_000 }, (_, at) => `${word}${at}`);
    const rows = paired(
      ["first", ...many("a"), "last"].join("\n"),
      ["first", ...many("b"), "last"].join("\n"),
    );
    expect(rows.map((row) => row.left)).toEqual(["first", ...many("a"), "last"]);
    expect(rows.map((row) => row.right)).toEqual(["first", ...many("b"), "last"]);
  });
});

it("lays JSON out, and nothing else", () => {
  expect(laidOut('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(laidOut("<html>")).toBe("<html>");
});
