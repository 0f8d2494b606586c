// The kinds of streams in words.
import type { Explanation } from "../api/schemas";

type Kind = NonNullable<Explanation["stream"]>["kind"];

export const KINDS: Record<Kind, string> = {
  websocket: "a WebSocket",
  sse: "an event stream",
  grpc: "a gRPC call",
  body: "a long body",
};
