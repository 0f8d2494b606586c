// Undoes the change that was just made, unless something has been changed since.
import { useQueryClient } from "@tanstack/react-query";
import { revisions } from "../api/calls";
import { ApiError, sentence } from "../api/client";
import type { Written } from "../api/schemas";
import { said } from "../fleet/spread";
import { wordsOf } from "../parts/resource";
import { type Action, useToast } from "../parts/toast";

/** What a toast offers after a change; `undefined` when nothing was changed. */
export function useUndo(): (resource: string, written: Written) => Action | undefined {
  const queries = useQueryClient();
  const toast = useToast();
  return (resource, written) => {
    const { revision } = written;
    if (revision === null || revision < 1) return undefined;
    const act = async () => {
      try {
        const undone = await revisions.rollBack(revision - 1, revision, resource);
        const { text, tone } = said(`Undone: the ${wordsOf(resource)} is as it was before.`, undone);
        toast(text, tone);
      } catch (error) {
        const late = error instanceof ApiError && error.status === 412;
        toast(
          late
            ? "Not undone: there is a newer revision. Roll back from the history instead."
            : `Not undone: ${sentence(error)}`,
          "bad",
        );
      } finally {
        void queries.invalidateQueries();
      }
    };
    return { label: "Undo", act: () => void act() };
  };
}
