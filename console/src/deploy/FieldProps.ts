// What every group of fields of the form gets.
import type { Field } from "./fields";
import type { AgentForm } from "./form";

export interface FieldProps {
  form: AgentForm;
  edit: (change: Partial<AgentForm>) => void;
  error: (field: Field) => string | undefined;
}
