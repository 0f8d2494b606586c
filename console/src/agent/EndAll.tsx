// The end of all running streams of an agent, after a question.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { streams } from "../api/calls";
import { keys } from "../api/queries";
import { Confirm } from "../parts/Confirm";
import { plural } from "../parts/format";
import { useToast } from "../parts/toast";

/** Stays in the page while no stream runs, so that the last one may end under an open question. */
export function EndAll({ agent, count }: { agent: string; count: number }) {
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  const toast = useToast();
  return (
    <>
      {count > 0 && (
        <Button
          variant="default"
          aria-label={`End all running streams of ${agent}`}
          onClick={() => setOpen(true)}
        >
          End all
        </Button>
      )}
      <Confirm
        opened={open}
        onClose={() => setOpen(false)}
        title={`End all running streams of ${agent}?`}
        action="End all"
        act={() => streams.end(agent)}
        onDone={({ ended }) => {
          if (ended > 0)
            toast(`${plural(ended, "stream is", "streams are")} ending. Clients may connect again.`);
          else toast("No stream was running any more.", "note");
          void queries.invalidateQueries({ queryKey: keys.streams(agent) });
        }}
      >
        Every stream under way at this agent ends, those that began a moment ago included. A download that has
        not finished is cut. Clients may connect again.
      </Confirm>
    </>
  );
}
