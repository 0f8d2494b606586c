import { expect, it } from "vitest";
import { visible } from "./visible";

it.each([
  ["Refund agent", "Refund agent"],
  ["Zoë – 退款", "Zoë – 退款"],
  ["safe\u202egnp.exe", "safe⟨U+202E⟩gnp.exe"],
  ["a\u0000b\u200bc", "a⟨U+0000⟩b⟨U+200B⟩c"],
])("%j is shown as %s", (text, shown) => expect(visible(text)).toBe(shown));

it("is short", () => expect([...visible("😀".repeat(500))]).toHaveLength(121));
