// Selects an agent. The gateway does the searching, since there can be thousands.
import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState } from "react";
import { useAgents } from "../api/queries";
import { SEARCH_DEBOUNCE_MS } from "./search";

interface Props {
  label: string;
  value: string | null;
  onChange: (name: string | null) => void;
  placeholder?: string;
  required?: boolean;
  error?: string;
}

export function AgentSelect({ label, value, onChange, placeholder, required, error }: Props) {
  const [typed, setTyped] = useState(value ?? "");
  const [q] = useDebouncedValue(typed === value ? "" : typed.trim(), SEARCH_DEBOUNCE_MS);
  const found = useAgents({ limit: 50, q });
  const names = found.data?.items.map((agent) => agent.name) ?? [];
  const data = value && !names.includes(value) ? [value, ...names] : names;
  return (
    <Select
      label={label}
      placeholder={placeholder}
      data={data}
      value={value}
      onChange={onChange}
      searchable
      clearable={!required}
      clearButtonProps={{ "aria-label": `Clear ${label}` }}
      required={required}
      withAsterisk={false}
      error={error}
      searchValue={typed}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      nothingFoundMessage={found.isPending ? "Loading…" : "No agent with this name"}
    />
  );
}
