// The fields of plain settings: a switch, a choice, a number or a text.
import { NativeSelect, Switch, TextInput } from "@mantine/core";
import type { PlainSetting } from "../api/schemas";
import css from "./DeployForm.module.css";
import type { FieldProps } from "./FieldProps";
import { labelOf, sentence } from "./plain";

export function PlainFields({ settings, ...fields }: FieldProps & { settings: readonly PlainSetting[] }) {
  return (
    <div className={css.plain}>
      {settings.map((setting) => (
        <PlainField key={setting.pointer} setting={setting} {...fields} />
      ))}
    </div>
  );
}

function PlainField({ setting, form, edit, error }: FieldProps & { setting: PlainSetting }) {
  const { pointer } = setting;
  const value = form.plain[pointer] ?? "";
  const common = {
    label: labelOf(pointer),
    description: sentence(setting.doc),
    error: error(`/${pointer.slice(1)}`),
  };
  const set = (value: string) => edit({ plain: { ...form.plain, [pointer]: value } });
  switch (setting.kind) {
    case "switch":
      return (
        <Switch
          {...common}
          checked={value === "" ? setting.usual : value === "true"}
          onChange={(event) => set(String(event.currentTarget.checked))}
        />
      );
    case "choice":
      return (
        <NativeSelect
          {...common}
          value={value}
          data={[{ value: "", label: "Default" }, ...setting.words]}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
    case "count":
    case "text":
      return (
        <TextInput
          {...common}
          inputMode={setting.kind === "count" ? "numeric" : undefined}
          spellCheck={false}
          value={value}
          onChange={(event) => set(event.currentTarget.value)}
        />
      );
  }
}
