// The drawer around the form of a limit.
import { lazy } from "react";
import type { LimitDetail } from "../api/schemas";
import { FormDrawer } from "../parts/FormDrawer";

const LimitEditor = lazy(() => import("./LimitEditor"));

interface Props {
  /** The limit as it is; `null` for a new one. */
  limit: LimitDetail | null;
  opened: boolean;
  onClose: () => void;
}

export function LimitDrawer({ limit, opened, onClose }: Props) {
  return (
    <FormDrawer opened={opened} onClose={onClose} title={limit ? `Edit ${limit.name}` : "Add limit"}>
      <LimitEditor limit={limit} onClose={onClose} />
    </FormDrawer>
  );
}
