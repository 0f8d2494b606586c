// Looks up a decision by its request ID.
import { Button, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { type FormEvent, useEffect, useState } from "react";
import { ApiError } from "../api/client";
import { useDecision } from "../api/queries";
import { EmptyState } from "../parts/EmptyState";
import { QueryError } from "../parts/QueryError";
import { MessageText } from "../parts/MessageText";
import { VerdictCard } from "./VerdictCard";
import css from "./WhyRefused.module.css";
import { requestIdOf } from "./verdict";

interface Props {
  /** The id that is looked up; `null` is none. */
  id: string | null;
  onLookup: (id: string | null) => void;
}

export function Lookup({ id, onLookup }: Props) {
  const [typed, setTyped] = useState(id ?? "");
  useEffect(() => setTyped(id ?? ""), [id]);
  const found = useDecision(id);
  const gone = found.error instanceof ApiError && found.error.status === 404 ? found.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = requestIdOf(typed);
    if (wanted && wanted === id) void found.refetch();
    onLookup(wanted || null);
  };
  return (
    <section className={`panel ${css.explain}`} aria-labelledby="lookup">
      <h2 id="lookup" className={css.heading}>
        Look up a request
      </h2>
      <form onSubmit={submit} className={css.lookup} role="search">
        <TextInput
          label="Request ID"
          description="From the response (X-Request-Id or request_id) or from a line of the access log"
          placeholder="Paste it here"
          spellCheck={false}
          autoComplete="off"
          classNames={{ input: "mono" }}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          leftSection={<IconSearch size={16} aria-hidden />}
          loading={found.isFetching}
        >
          Look up
        </Button>
      </form>
      <div aria-live="polite">
        {id && (
          <div className={found.data || found.isError ? css.result : undefined}>
            {gone ? (
              <EmptyState title="The gateway has not kept this decision">
                <p>
                  <MessageText text={gone.message} />
                </p>
              </EmptyState>
            ) : (
              <QueryError query={found} title="The request could not be looked up" />
            )}
            {found.data && <VerdictCard verdict={found.data} id={id} />}
          </div>
        )}
      </div>
    </section>
  );
}
