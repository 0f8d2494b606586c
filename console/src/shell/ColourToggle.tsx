// Switches between the colours of the system, light and dark. The choice is stored in the browser.
import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";

const SCHEMES = [
  { value: "auto", label: "as the system", Icon: IconDeviceDesktop },
  { value: "light", label: "light", Icon: IconSun },
  { value: "dark", label: "dark", Icon: IconMoon },
] as const;

export function ColourToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const at = SCHEMES.findIndex((scheme) => scheme.value === colorScheme);
  const now = SCHEMES[at] ?? SCHEMES[0];
  const next = SCHEMES[(at + 1) % SCHEMES.length] ?? SCHEMES[0];
  const says = `Colours: ${now.label}. Change to ${next.label}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={says}
      title={says}
      onClick={() => setColorScheme(next.value)}
    >
      <now.Icon size={20} aria-hidden />
    </ActionIcon>
  );
}
