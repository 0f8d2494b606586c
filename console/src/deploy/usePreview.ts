// A dry run of the form after each pause in typing.
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type Precondition, agents } from "../api/calls";
import type { ApiError } from "../api/client";
import type { JsonObject, Written } from "../api/schemas";

/** A dry run compiles the whole configuration, so it waits a little longer than a search. */
const DEBOUNCE_MS = 350;

interface Asked {
  name: string;
  spec: JsonObject;
  on: Precondition;
}

/** `wanted`: the form is complete. `paused`: keep the last result, and send nothing. */
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
    // Until the pause is over, `settled` is an older state of the form, perhaps an incomplete one.
    enabled: enabled && settled === text,
    gcTime: 0,
    staleTime: 0,
    refetchOnWindowFocus: true,
    placeholderData: keepPreviousData,
  });
  const current = enabled && settled === text && !query.isPlaceholderData;
  return {
    /** The last result, perhaps of an older state of the form. */
    written: wanted ? query.data : undefined,
    /** Why the gateway rejects the form as it is. */
    error: current ? query.error : null,
    /** Whether the result is that of the form as it is. */
    current: current && !query.isFetching,
    asking: enabled && (settled !== text || query.isFetching),
  };
}
