import { afterEach, describe, expect, it, vi } from "vitest";
import { answer, anyUnsaved, guard, leave } from "./unsaved";

const guards: (() => void)[] = [];
const typed = (...form: Parameters<typeof guard>) => guards.push(guard(...form));

afterEach(() => {
  answer(false);
  guards.splice(0).forEach((settle) => settle());
});

describe("a way out", () => {
  it("is free when nothing was typed", () => {
    const out = vi.fn();
    leave(out);
    expect(out).toHaveBeenCalledOnce();
  });
  it("asks when input would be lost, and does nothing when it is kept", () => {
    typed("agent");
    const out = vi.fn();
    leave(out);
    expect(out).not.toHaveBeenCalled();
    answer(false);
    expect(out).not.toHaveBeenCalled();
    expect(anyUnsaved()).toBe(true);
  });
  it("continues when the input is discarded, and does not ask again", () => {
    typed("agent");
    const out = vi.fn();
    leave(out);
    answer(true);
    expect(out).toHaveBeenCalledOnce();
    expect(anyUnsaved()).toBe(false);
  });
  it("asks about one way at a time", () => {
    typed("agent");
    const [first, second] = [vi.fn(), vi.fn()];
    leave(first);
    leave(second);
    answer(true);
    expect([first, second].map((way) => way.mock.calls.length)).toEqual([1, 0]);
  });
  it("out of a drawer on top asks about that drawer alone", () => {
    typed("agent");
    const out = vi.fn();
    leave(out, "on top");
    expect(out).toHaveBeenCalledOnce();
    typed("provider", "on top");
    leave(vi.fn(), "on top");
    answer(true);
    expect(anyUnsaved()).toBe(true);
  });
  it("is free once the form is kept", () => {
    const settle = guard("agent");
    settle();
    const out = vi.fn();
    leave(out);
    expect(out).toHaveBeenCalledOnce();
  });
});
