// What the gateway would do with the form as it stands: asked after each pause in typing, nothing is kept.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Precondition, agents } from "../api/calls";
import type { ApiError } from "../api/client";
import type { JsonObject, Written } from "../api/schemas";

const DEBOUNCE_MS = 350;

interface Asked {
  name: string;
  spec: JsonObject;
  on: Precondition;
}

/** `wanted`: the form is fit to be asked about. `paused`: keep the last answer and ask no more. */
export function usePreview(asked: Asked, wanted: boolean, paused: boolean) {
  const enabled = wanted && !paused;
  const text = JSON.stringify(asked);
  const [settled] = useDebouncedValue(text, DEBOUNCE_MS);
  const query = useQuery<Written, ApiError>({
    queryKey: ["preview", settled],
    queryFn: ({ signal }) => {
      const { name, spec, on } = JSON.parse(settled) as Asked;
      return agents.put(name, spec, on, true, signal);
    },
    // Before the pause is over, the settled question is an old one, perhaps of a form that was not fit.
    enabled: enabled && settled === text,
    gcTime: 0,
    staleTime: 0,
    refetchOnWindowFocus: true,
    placeholderData: keepPreviousData,
  });
  const current = enabled && settled === text && !query.isPlaceholderData;
  return {
    /** The last answer, perhaps to an older state of the form. */
    written: wanted ? query.data : undefined,
    /** A refusal of the form as it stands. */
    error: current ? query.error : null,
    /** Whether the answer is about the form as it stands. */
    current: current && !query.isFetching,
    asking: enabled && (settled !== text || query.isFetching),
  };
}
