// What others wrote, against the gateway: node run.mjs GATEWAY FOLDER [PART...]
//
// GATEWAY is the binary; FOLDER gets the stored differences of the conformance suite. Without a PART, all of them run.
// The last line is the count, and the exit code is 0 only if nothing failed.
import { conformance } from './parts/conformance.mjs';
import { worse } from './parts/worse.mjs';
import { stopAll } from './stand/children.mjs';
import { check, summary } from './stand/report.mjs';

const PARTS = { conformance, worse };

const [binary, folder, ...asked] = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in PARTS));
if (!binary || !folder || unknown.length > 0) {
  console.error(`usage: node run.mjs GATEWAY FOLDER [${Object.keys(PARTS).join('|')}]...`);
  process.exit(2);
}
for (const name of asked.length > 0 ? asked : Object.keys(PARTS)) {
  try {
    await PARTS[name](binary, folder);
  } catch (error) {
    await check(`the part "${name}" runs to its end`, () => Promise.reject(error));
  }
  await stopAll();
}
process.exit(summary() ? 0 : 1);
