// New keys that nobody has said to have copied. They are in the memory of this page alone, over all its pages, until
// then: the gateway can never show them again.
import { Observed, useObserved } from "../api/observed";
import type { NewApiKey } from "../api/types";

export const uncopied = new Observed<NewApiKey[]>([]);

export const keep = (made: NewApiKey): void => uncopied.set([...uncopied.value, made]);

export const copied = (id: string): void => uncopied.set(uncopied.value.filter((one) => one.id !== id));

export const useUncopied = (): NewApiKey[] => useObserved(uncopied);
