// The page of one resource that is found by its name: the way back to its list, and what stands there while it is not found.
import { Loader } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { ApiError } from "../api/client";
import { EmptyState } from "./EmptyState";
import { PageHead } from "./PageHead";
import { QueryError } from "./QueryError";

interface Props<Found> {
  name: string;
  found: UseQueryResult<Found>;
  /** The list of its kind, and its label. */
  list: [path: string, label: string];
  /** What it is called in a sentence. */
  noun: string;
  /** What follows its name where there is none. */
  where?: string;
  children: (found: Found) => ReactNode;
}

export function NamedPage<Found>({ name, found, list, noun, where = "", children }: Props<Found>) {
  const gone = found.error instanceof ApiError && found.error.status === 404;
  const [path, label] = list;
  return (
    <>
      <p className="small" style={{ margin: "0 0 0.25rem" }}>
        <Link to={path} className="link">
          {label}
        </Link>
      </p>
      {found.data ? (
        children(found.data)
      ) : (
        <>
          <PageHead title={name} />
          {found.isPending && <Loader role="img" aria-label="Loading" />}
          {gone && <EmptyState title={`There is no ${noun} ${name}${where}.`} />}
          {!gone && <QueryError query={found} title={`The ${noun} could not be read`} />}
        </>
      )}
    </>
  );
}
