// Deletes a resource after a confirmation, says so with an offer to undo it, and goes to the list of its kind.
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import type { Written } from "../api/schemas";
import { said } from "../fleet/spread";
import { Confirm } from "../parts/Confirm";
import { useToast } from "../parts/toast";
import { useUndo } from "./useUndo";

interface Props {
  name: string;
  /** As revisions call it, such as `agents/NAME`. */
  resource: string;
  opened: boolean;
  onClose: () => void;
  act: () => Promise<Written>;
  /** The query whose answer is about nothing then. */
  query: readonly unknown[];
  /** The page of the list. */
  list: string;
  /** What is added to "NAME is deleted". */
  besides?: (written: Written) => string;
  children: ReactNode;
}

export function DeleteResource({
  name,
  resource,
  opened,
  onClose,
  act,
  query,
  list,
  besides,
  children,
}: Props) {
  const [, go] = useLocation();
  const queries = useQueryClient();
  const toast = useToast();
  const undoOf = useUndo();
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title={`Delete ${name}?`}
      action="Delete"
      act={act}
      onDone={(written) => {
        const { text, tone } = said(`${name} is deleted${besides?.(written) ?? ""}.`, written);
        toast(text, tone, undoOf(resource, written));
        queries.removeQueries({ queryKey: query });
        void queries.invalidateQueries();
        go(list);
      }}
    >
      {children}
    </Confirm>
  );
}
