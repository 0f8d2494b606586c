// The response to a test request: status, headers, and the body as it arrives.
import { Loader, Switch } from "@mantine/core";
import { useState } from "react";
import { HeaderFieldItem } from "../parts/HeaderFieldItem";
import { Mark } from "../parts/Mark";
import { Notice } from "../parts/Notice";
import { bytes, millis } from "../parts/format";
import css from "./TestPage.module.css";
import type { TestResponse } from "./useTest";

export function Response({ response }: { response: TestResponse | null }) {
  const [timed, setTimed] = useState(false);
  if (!response) {
    return <p className="dim">Send a request; without a credential you see how the gateway refuses it.</p>;
  }
  const { head, end } = response;
  const streamed = response.chunks.length > 1;
  return (
    <>
      <div className={css.status} role="status" data-testid="response-status">
        {head && (
          <Mark tone={head.status < 400 ? "ok" : "bad"}>
            {head.status} {word(head.status)}
          </Mark>
        )}
        {head && <span className="small">first byte: {took(head.ms)}</span>}
        {response.running && <Loader role="img" size="xs" aria-label="Waiting for more" />}
        {end && (
          <span className="small">
            {bytes(end.bytes)}, total: {took(end.ms)}
            {streamed && `, in ${response.chunks.length} chunks`}
            {end.truncated && ", cut off: only the first MiB is shown"}
          </span>
        )}
        {response.stopped && <span className="small">stopped</span>}
      </div>
      {response.failure && (
        <Notice tone="bad" title="The request did not complete" role="alert">
          <p>{response.failure}</p>
        </Notice>
      )}
      {head && (
        <>
          <h3 className={css.sub}>Headers</h3>
          <dl className={css.headers} data-testid="response-headers">
            {head.headers.map(([name, value], index) => (
              <HeaderFieldItem key={index} name={name} value={value} />
            ))}
          </dl>
          <h3 className={css.sub}>Body</h3>
          {streamed && (
            <Switch
              size="xs"
              mb="xs"
              label="Show when each chunk arrived"
              checked={timed}
              onChange={(event) => setTimed(event.currentTarget.checked)}
            />
          )}
          <div
            className={css.body}
            role="region"
            aria-label="Response body"
            tabIndex={0}
            data-testid="response-body"
          >
            {timed
              ? response.chunks.map((chunk, index) => (
                  <div key={index} className={css.chunk}>
                    <span className="dim">{took(chunk.ms)}</span>
                    <span>{chunk.text}</span>
                  </div>
                ))
              : response.chunks.map((chunk) => chunk.text).join("")}
            {response.chunks.length === 0 && (response.running ? "…" : "(empty)")}
          </div>
        </>
      )}
    </>
  );
}

/** The gateway counts whole milliseconds. */
const took = (ms: number) => (ms < 1 ? "under 1 ms" : millis(ms));

const WORDS: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const word = (status: number) => WORDS[status] ?? "";
