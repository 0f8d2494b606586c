// The error of a failed query. While the gateway does not respond, the banner says so, and the old data stays.
import { ApiError } from "../api/client";
import { ErrorNotice } from "./ErrorNotice";

interface Props {
  query: { isError: boolean; error: unknown; data: unknown; refetch: () => unknown };
  title: string;
}

export function QueryError({ query, title }: Props) {
  if (!query.isError) return null;
  const silent = query.error instanceof ApiError && query.error.status === 0;
  if (silent && query.data !== undefined) return null;
  return <ErrorNotice error={query.error} title={title} onRetry={() => void query.refetch()} />;
}
