// A value outside of React that components can watch.
import { useSyncExternalStore } from "react";

export class Observed<Value> {
  #value: Value;
  readonly #watchers = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get value(): Value {
    return this.#value;
  }

  set(next: Value): void {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    for (const tell of [...this.#watchers]) tell();
  }

  watch = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  };
}

export function useObserved<Value>(observed: Observed<Value>): Value {
  const read = () => observed.value;
  return useSyncExternalStore(observed.watch, read, read);
}
