// What the stories in the browser share: saying how far they are, asking again and again, and finding things on a page
// as a person does.

let last = performance.now();

/** Says how long the last part took. */
export function told(text) {
  const now = performance.now();
  console.log(`${String(Math.round(now - last)).padStart(6)} ms  ${text}`);
  last = now;
}

export function must(fact, text) {
  if (!fact) throw new Error(text);
}

/** Asks again and again until there is an answer, or fails. */
export async function eventually(what, within, probe) {
  const end = performance.now() + within;
  for (;;) {
    const found = await probe();
    if (found) return found;
    must(performance.now() < end, `not within ${within} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The ways to find what is on a page. */
export function finders(page) {
  const button = (name, within = page) => within.getByRole('button', { name, exact: true });
  const link = (name, within = page) => within.getByRole('link', { name, exact: true });
  // By the name that a screen reader says; a password has no role to be found by.
  const field = (name, within = page) =>
    within
      .getByRole('textbox', { name, exact: true })
      .or(within.getByRole('combobox', { name, exact: true }))
      .or(within.getByLabel(name, { exact: true }))
      .first();
  const diff = (name, text, within = page) => within.getByRole('region', { name }).filter({ hasText: text }).waitFor();
  const heading = (name) => page.getByRole('heading', { name, level: 1 });
  const go = async (name) => {
    await link(name, page.getByRole('navigation', { name: 'Pages' })).click();
    await heading(name).waitFor();
  };
  return { button, link, field, diff, heading, go };
}

/** Plays the parts one after the other, and says at the end what was found wrong. */
export async function play(page, browser, complaints, parts) {
  let failed = false;
  try {
    await parts();
  } catch (error) {
    failed = true;
    console.log(`STOPPED at ${page.url()}: ${error.stack}`);
    console.log(await page.locator('body').ariaSnapshot().catch(() => 'no page'));
    if (process.env.CONSOLE_SHOTS) await page.screenshot({ path: `${process.env.CONSOLE_SHOTS}/stopped.png` }).catch(() => undefined);
  }
  await browser.close();
  for (const one of complaints) console.log(`FOUND ${one}`);
  if (failed || complaints.length > 0) process.exit(1);
  console.log('the story ends well');
}
