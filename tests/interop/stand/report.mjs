// What was checked and how it ended: a line for each check, and the count at the end.

const outcomes = { passed: 0, failed: 0 };

/** Runs a check; an error is its failure, and the run goes on. */
export async function check(name, body) {
  const begun = performance.now();
  try {
    const note = await body();
    outcomes.passed += 1;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    console.log(`ok    ${name}${note ? `: ${note}` : ''} (${seconds} s)`);
  } catch (error) {
    outcomes.failed += 1;
    console.log(`FAIL  ${name}\n      ${String(error?.message ?? error).split('\n').join('\n      ')}`);
  }
}

/** An error unless both are the same JSON. */
export function equal(found, expected, what) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, found ${left}`);
}

/** An error unless it holds. */
export function holds(condition, words) {
  if (!condition) throw new Error(words);
}

/** Prints the count; true when nothing failed and something ran. */
export function summary() {
  console.log(`${outcomes.passed} passed, ${outcomes.failed} failed`);
  return outcomes.failed === 0 && outcomes.passed > 0;
}
