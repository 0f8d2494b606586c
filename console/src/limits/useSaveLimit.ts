// The calls of the form of a limit: a dry run for the review, and the change itself.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { type Precondition, globalLimits } from "../api/calls";
import { keys } from "../api/queries";
import type { JsonObject, LimitDetail } from "../api/schemas";
import { said } from "../fleet/spread";
import { useUndo } from "../history/useUndo";
import { useToast } from "../parts/toast";

interface Props {
  limit: LimitDetail | null;
  name: string;
  spec: JsonObject;
  /** Called when the input is saved, so that leaving loses nothing. */
  settle: () => void;
  onClose: () => void;
}

export function useSaveLimit({ limit, name, spec, settle, onClose }: Props) {
  const [on] = useState<Precondition>(() => (limit ? { ifMatch: limit.etag } : { ifAbsent: true }));
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const undo = useUndo();

  const review = useMutation({ mutationFn: () => globalLimits.put(name, spec, on, true) });
  const save = useMutation({
    mutationFn: () => globalLimits.put(name, spec, on),
    onSuccess: (written) => {
      settle();
      const { text, tone } = said(`${name} is saved and live.`, written);
      toast(text, tone, limit ? undo(`limits/${name}`, written) : undefined);
      if (limit) onClose();
      else go(`/limits/${encodeURIComponent(name)}`);
    },
    onSettled: () =>
      Promise.all(
        [keys.globalLimits, keys.status, keys.fleet, keys.agents, ["revisions"]].map((queryKey) =>
          queries.invalidateQueries({ queryKey }),
        ),
      ),
  });
  const reset = () => {
    review.reset();
    save.reset();
  };
  return { save, review, reset };
}
