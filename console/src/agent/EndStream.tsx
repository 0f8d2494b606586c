// The button that ends one running stream. It can be pressed once: a stream takes a moment to end.
import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { streams } from "../api/calls";
import { ApiError, sentence } from "../api/client";
import { keys } from "../api/queries";
import type { RunningStream } from "../api/schemas";
import { useToast } from "../parts/toast";
import { callerOf } from "./streams";

export function EndStream({ agent, stream }: { agent: string; stream: RunningStream }) {
  const queries = useQueryClient();
  const toast = useToast();
  const who = callerOf(stream);
  const end = useMutation({
    mutationFn: () => streams.end(agent, stream.id),
    onSuccess: () => toast(`The stream of ${who} is ending. The client may connect again.`),
    onError: (error) => {
      const gone = error instanceof ApiError && error.status === 404;
      if (gone) toast(`The stream of ${who} had ended already, or is ending.`, "note");
      else toast(`The stream of ${who} was not ended: ${sentence(error)}`, "bad");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: keys.streams(agent) }),
  });
  return (
    <Button
      size="xs"
      variant="default"
      loading={end.isPending}
      disabled={end.isSuccess}
      aria-label={`${end.isSuccess ? "Ending" : "End"} stream ${stream.id} of ${who}`}
      onClick={() => end.mutate()}
    >
      {end.isSuccess ? "Ending" : "End"}
    </Button>
  );
}
