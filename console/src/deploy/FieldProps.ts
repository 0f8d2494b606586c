// The props of every group of fields in the deploy form.
import type { Field } from "./fields";
import type { AgentForm } from "./form";

export interface FieldProps {
  form: AgentForm;
  edit: (change: Partial<AgentForm>) => void;
  error: (field: Field) => string | undefined;
}
