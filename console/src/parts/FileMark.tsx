// Marks what the configuration file defines, which the console cannot change.
import { Mark } from "./Mark";

export function FileMark() {
  return (
    <Mark tone="plain" title="Defined in the configuration file; change it there.">
      File
    </Mark>
  );
}
