// The button that drains a target of an agent, or takes it back, after a question. Nothing is stored: a target whose weight is
// 0 in the configuration stays drained.
import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { targets } from "../api/calls";
import { keys } from "../api/queries";
import type { UpstreamTarget } from "../api/schemas";
import { Confirm } from "../parts/Confirm";
import { plural } from "../parts/format";
import { useToast } from "../parts/toast";
import { wanted } from "./targets";

interface Props {
  agent: string;
  target: UpstreamTarget;
  /** All targets of the agent, this one among them. */
  all: UpstreamTarget[];
}

export function Drain({ agent, target, all }: Props) {
  const [asked, setAsked] = useState<"drain" | "undrain" | null>(null);
  const queries = useQueryClient();
  const toast = useToast();
  // The question keeps its words while it closes.
  const [drain, setDrain] = useState(true);
  const { url } = target;
  if (target.weight === 0) {
    return <span className="dim small">weight 0: edit the agent to use it</span>;
  }
  const offered = target.state === "draining" ? "undrain" : "drain";
  const others = wanted(all).filter((other) => other.url !== url);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        aria-label={`${offered === "drain" ? "Drain" : "Undrain"} ${url}`}
        onClick={() => {
          setDrain(offered === "drain");
          setAsked(offered);
        }}
      >
        {offered === "drain" ? "Drain" : "Undrain"}
      </Button>
      <Confirm
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={drain ? `Drain ${url}?` : `Send requests to ${url} again?`}
        action={drain ? "Drain" : "Undrain"}
        act={() => targets.drain(agent, url, drain)}
        onDone={(now) => {
          toast(
            drain
              ? `${url} takes no new requests. ${plural(now.in_flight, "request is", "requests are")} under way there.`
              : `${url} takes requests again.`,
          );
          void queries.invalidateQueries({ queryKey: keys.targets(agent) });
        }}
      >
        {drain ? <Draining target={target} others={others.length} /> : <Undraining />}
      </Confirm>
    </>
  );
}

const HERE_ALONE =
  "That holds at this gateway alone, for every agent that uses the target, and until somebody takes it back or the gateway starts again.";

function Draining({ target, others }: { target: UpstreamTarget; others: number }) {
  return (
    <>
      <p>
        {others === 0 ? (
          <strong>No other target takes requests: callers get 503 from then on.</strong>
        ) : (
          `New requests go to the other ${others === 1 ? "target" : `${others} targets`}.`
        )}{" "}
        {target.in_flight === 0
          ? "None is under way there now."
          : `${plural(target.in_flight, "request that is", "requests that are")} under way there, streams among them, ${target.in_flight === 1 ? "goes" : "go"} on to ${target.in_flight === 1 ? "its" : "their"} end.`}
      </p>
      <p>{HERE_ALONE} For good, write weight 0 with “Edit and deploy”.</p>
    </>
  );
}

function Undraining() {
  return (
    <p>
      It gets its part of the new requests at this gateway again. Other gateways of a fleet have drains of
      their own.
    </p>
  );
}
