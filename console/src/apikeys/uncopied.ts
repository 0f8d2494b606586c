// New keys that the operator has not confirmed to have copied. They stay in the memory of this browser tab until
// then, because the gateway cannot show them again.
import { Observed, useObserved } from "../api/observed";
import type { CreatedApiKey, RotatedApiKey } from "../api/schemas";

export type NewKey = CreatedApiKey | RotatedApiKey;

export const uncopied = new Observed<NewKey[]>([]);

export const keep = (made: NewKey): void => uncopied.set([...uncopied.value, made]);

export const copied = (id: string): void => uncopied.set(uncopied.value.filter((one) => one.id !== id));

export const useUncopied = (): NewKey[] => useObserved(uncopied);
