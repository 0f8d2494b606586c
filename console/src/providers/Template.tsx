// Templates for well-known identity providers: a few parameters make the issuer, and a note names the usual pitfall.
import { NativeSelect, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { Notice } from "../parts/Notice";
import { VENDORS, issuerFrom, vendorOf } from "../vendors/vendors";

interface Props {
  issuer: string;
  /** Only a new provider has a template; the note is for all. */
  isNew: boolean;
  onIssuer: (issuer: string) => void;
}

export function Template({ issuer, isNew, onIssuer }: Props) {
  const [chosen, setChosen] = useState("");
  const [typed, setTyped] = useState<Record<string, string>>({});
  const template = VENDORS.find((vendor) => vendor.id === chosen) ?? null;
  const vendor = template ?? vendorOf(issuer.trim());
  const choose = (id: string) => {
    setChosen(id);
    setTyped({});
    const next = VENDORS.find((one) => one.id === id);
    const made = next && issuerFrom(next, {});
    if (made) onIssuer(made);
  };
  const fill = (name: string, value: string) => {
    const next = { ...typed, [name]: value };
    setTyped(next);
    const made = template && issuerFrom(template, next);
    if (made) onIssuer(made);
  };
  return (
    <Stack gap="md">
      {isNew && (
        <NativeSelect
          label="Template"
          description="Fills in the issuer of a well-known provider"
          value={chosen}
          onChange={(event) => choose(event.currentTarget.value)}
          data={[
            { value: "", label: "None" },
            ...VENDORS.map(({ id, name }) => ({ value: id, label: name })),
          ]}
        />
      )}
      {template?.parameters.map(({ name, label, placeholder }) => (
        <TextInput
          key={`${template.id} ${name}`}
          label={label}
          placeholder={placeholder}
          spellCheck={false}
          value={typed[name] ?? ""}
          onChange={(event) => fill(name, event.currentTarget.value)}
        />
      ))}
      {vendor && (
        <Notice tone="note" title={`${vendor.name}: before you start`}>
          <p data-testid="pitfall">{vendor.pitfall}</p>
        </Notice>
      )}
    </Stack>
  );
}
