// What others wrote, against the gateway: node run.mjs [--short] GATEWAY FOLDER [PART...]
//
// GATEWAY is the binary; FOLDER gets what the conformance suite said and what differs. Without a PART, all of them run.
// --short leaves out of each part what takes long and proves the same again.
// The last line is the count, and the exit code is 0 only if nothing failed.
import { a2a } from './parts/a2a.mjs';
import { assertions } from './parts/assertions.mjs';
import { bridges } from './parts/bridges.mjs';
import { conformance } from './parts/conformance.mjs';
import { demo } from './parts/demo.mjs';
import { logins } from './parts/logins.mjs';
import { open } from './parts/open.mjs';
import { signatures } from './parts/signatures.mjs';
import { stepup } from './parts/stepup.mjs';
import { worse } from './parts/worse.mjs';
import { stopAll } from './stand/children.mjs';
import { check, summary } from './stand/report.mjs';

const PARTS = { conformance, logins, stepup, open, bridges, demo, a2a, signatures, assertions, worse };
/** No run takes longer, whatever hangs. */
const LIMIT = 20 * 60_000;

const args = process.argv.slice(2);
const short = args[0] === '--short';
const [binary, folder, ...asked] = short ? args.slice(1) : args;
const unknown = asked.filter((name) => !(name in PARTS));
if (!binary || !folder || unknown.length > 0) {
  console.error(`usage: node run.mjs [--short] GATEWAY FOLDER [${Object.keys(PARTS).join('|')}]...`);
  process.exit(2);
}
setTimeout(() => {
  console.error(`not done after ${LIMIT / 60_000} minutes`);
  process.exit(1);
}, LIMIT).unref();
for (const name of asked.length > 0 ? asked : Object.keys(PARTS)) {
  try {
    await PARTS[name](binary, { folder, short });
  } catch (error) {
    await check(`the part "${name}" runs to its end`, () => Promise.reject(error));
  }
  await stopAll();
}
process.exit(summary() ? 0 : 1);
