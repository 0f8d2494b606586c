// Switches times between UTC, as in logs, and the local zone.
import { Button } from "@mantine/core";
import { chooseZone, useZone } from "../parts/zone";

export function ZoneToggle() {
  const zone = useZone();
  const says = zone === "utc" ? "UTC: change to local time" : "Local time: change to UTC";
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      aria-label={says}
      title={says}
      onClick={() => chooseZone(zone === "utc" ? "local" : "utc")}
    >
      {zone === "utc" ? "UTC" : "Local time"}
    </Button>
  );
}
