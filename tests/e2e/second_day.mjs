// The second day of an operator: a broken file, a leaked key, a roll-back after an edit by hand, a restart with an open
// drawer, a gateway that hangs. node second_day.mjs, with everything that it needs to know in the environment
// (console.rs sets it). It asks for a restart by making RESTART_FILE, which goes when the gateway is back.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { allow, audit, complaints, openBrowser, openPage } from './browser.mjs';
import { eventually, finders, must, play, told } from './story.mjs';

const { CONSOLE_URL, ADMIN_TOKEN, GATEWAY_URL, GATEWAY_PID, ISSUER_URL, UPSTREAM_URL, STORE, RESTART_FILE } = process.env;

const browser = await openBrowser();
const page = await openPage(browser);
const { button, link, field, diff, heading, go } = finders(page);
const file = (agent) => join(STORE, 'agents', `${agent}.yaml`);
const question = () => page.getByRole('dialog', { name: 'Discard your changes?' });

async function api(method, path, body, headers = {}) {
  const answer = await fetch(`${CONSOLE_URL}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', ...headers },
    body: body && JSON.stringify(body),
  });
  const text = await answer.text();
  must(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
const make = (path, body) => api('PUT', path, body, { 'if-none-match': '*' });
const change = (path, body) => api('PUT', path, body, { 'if-match': '*' });

async function call(headers = {}) {
  const answer = await fetch(`${GATEWAY_URL}/keyed`, { headers });
  await answer.arrayBuffer();
  return { status: answer.status, id: answer.headers.get('x-request-id') };
}

const oauth = (audience) => ({
  route: '/other',
  upstream: UPSTREAM_URL,
  auth: { oauth: { identity_providers: ['corp'], audiences: [audience] } },
});

async function begin() {
  await make('/identity-providers/corp', { issuer: ISSUER_URL });
  await make('/agents/keyed', { route: '/keyed', upstream: UPSTREAM_URL, auth: { api_key: {} } });
  await make('/agents/other', oauth('urn:one'));
  await page.goto(CONSOLE_URL);
  await field('Admin token').fill('wrong');
  await button('Log in').click();
  await page.getByRole('alert').getByText("That is not this gateway's token.").waitFor();
  await field('Admin token').fill(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await heading('Overview').waitFor();
  told('logged in');
}

async function newKey() {
  await page.goto(`${CONSOLE_URL}/agents/keyed/api-keys`);
  await field('Name').fill('leaks');
  await button('Create key').click();
  const key = (await page.getByTestId('new-key').locator('pre').innerText()).trim();
  // It is not lost with a look at another page, and can be tried out.
  await link('Test').click();
  await page.getByText('A new API key of keyed has not been copied yet').waitFor();
  await button('Use the new key leaks').click();
  await button('Send').click();
  await page.getByTestId('response-status').filter({ hasText: '200' }).waitFor();
  await link('Show the key').click();
  must((await page.getByTestId('new-key').locator('pre').innerText()).trim() === key, 'the new key is still there');
  await button('I have copied it').click();
  must((await call({ 'x-api-key': key })).status === 200, 'the key works');
  told('a new key stays until it is copied');
  return key;
}

async function brokenFile(key) {
  const good = readFileSync(file('other'), 'utf8');
  writeFileSync(file('other'), good.replace('audiences:', 'audience:'));
  await go('Overview');
  const broken = page.getByRole('alert').filter({ hasText: 'agents/other is broken on disk' });
  await broken.waitFor();
  await page.getByRole('region', { name: 'Needs attention' }).getByText('error').first().waitFor();
  await audit(page, 'overview-broken');
  // An emergency is not held up by it.
  await page.goto(`${CONSOLE_URL}/agents/keyed/api-keys`);
  await page.getByRole('button', { name: /^Revoke leaks/ }).click();
  await button('Revoke', page.getByRole('dialog')).click();
  await page.getByText('The key is revoked.').waitFor();
  const refused = await call({ 'x-api-key': key });
  must(refused.status === 401, `the leaked key is refused at once: ${refused.status}`);
  // On the page of the broken agent, too.
  await page.goto(`${CONSOLE_URL}/agents/other`);
  await page.getByText('agents/other is broken on disk').waitFor();
  await button('Restore the last good text of agents/other').click();
  await page.getByText('The last good text of agents/other is restored.').waitFor();
  await page.getByText('agents/other is broken on disk').waitFor({ state: 'detached' });
  must(readFileSync(file('other'), 'utf8').includes('audiences:'), 'the last good text is on disk again');
  told('revoked a leaked key while a file was broken, and restored the file');
  return refused.id;
}

async function whyRefused(id) {
  await go('Why refused?');
  must((await field('Show').inputValue()) === 'refused', 'the page begins with refusals');
  await page.getByTestId('refusals-since').getByText('are kept').waitFor();
  await field('Request ID').fill(`X-Request-Id: ${id}`);
  await button('Look up').click();
  const verdict = page.getByTestId('verdict');
  await verdict.getByText('API key revoked').waitFor();
  await verdict.getByText('GET /keyed').waitFor();
  await verdict.getByText('leaks').first().waitFor();
  await audit(page, 'why-refused-looked-up');
  told('looked a request up by its id');
}

async function rollBackAfterAnEditByHand() {
  const one = (await change('/agents/other', oauth('urn:first'))).revision;
  writeFileSync(file('other'), readFileSync(file('other'), 'utf8').replace('urn:first', 'urn:by-hand'));
  await eventually('the edit by hand is live', 10_000, async () => JSON.stringify((await api('GET', '/agents/other')).spec).includes('urn:by-hand'));
  await change('/agents/other', oauth('urn:third'));
  await page.goto(`${CONSOLE_URL}/agents/other`);
  await page.getByText('by hand, in the files').first().waitFor();
  await audit(page, 'history-by-hand');
  await button(`Roll back to revision ${one}`).click();
  const dialog = page.getByRole('dialog');
  await diff('Changes of the roll-back', 'urn:first', dialog);
  await button('Roll back', dialog).click();
  await page.getByText(`Rolled back to revision ${one}`).waitFor();
  must(JSON.stringify((await api('GET', '/agents/other')).spec).includes('urn:first'), 'it is the text that the revision shows');
  told('rolled back to what a revision shows, past an edit by hand');
}

async function deleteAndUndo() {
  await button('Delete agent').click();
  await button('Delete', page.getByRole('dialog')).click();
  await heading('Agents').waitFor();
  await button('Undo').click();
  await page.getByText('Undone').waitFor();
  await link('other').first().waitFor();
  await go('History');
  await page.getByText('agents/other').first().waitFor();
  await audit(page, 'history-of-all');
  told('made a deleted agent again');
}

async function providerInUse() {
  await page.goto(`${CONSOLE_URL}/identity-providers/corp?edit`);
  const drawer = page.getByRole('dialog');
  await field('Issuer', drawer).fill(`${ISSUER_URL}/wrong`);
  await button('Review the change', drawer).click();
  const review = drawer.getByTestId('review');
  await review.getByText('Agents use this provider').waitFor();
  await review.getByText(/1 agent, .* in five minutes: other/).waitFor();
  await diff('Diff of this change', '/wrong', review);
  await button('Save anyway', review).waitFor();
  await audit(page, 'identity-provider-review');
  await button('Back to the form', review).click();
  await button('Cancel', drawer).click();
  await button('Discard', question()).click();
  await drawer.waitFor({ state: 'detached' });
  must((await api('GET', '/identity-providers/corp')).issuer === ISSUER_URL, 'nothing was saved');
  await button('Fetch keys now').click();
  await page.getByText(/^corp: /).waitFor();
  told('a provider in use is reviewed before it is saved');
}

async function aDrawerAsks() {
  await go('Agents');
  await button('New agent').click();
  const drawer = page.getByRole('dialog', { name: 'New agent' });
  const filled = async () => must((await field('Name', drawer).inputValue()) === 'half-done', 'what was typed is still there');
  await field('Name', drawer).fill('half-done');
  for (const leave of [() => page.keyboard.press('Escape'), () => button('Close', drawer).click(), () => page.evaluate(() => history.back())]) {
    await leave();
    await question().waitFor();
    await filled();
    await button('Keep editing', question()).click();
    await question().waitFor({ state: 'detached' });
    await filled();
  }
  // A provider that is added on the way comes back chosen.
  await drawer.getByRole('radio', { name: 'OAuth' }).check();
  await button('Add an identity provider', drawer).click();
  const nested = page.getByRole('dialog', { name: 'Add identity provider' });
  await field('Issuer', nested).fill('idp.example.com/.well-known/openid-configuration');
  await button('Use https://idp.example.com', nested).click();
  await nested.getByRole('radio', { name: 'Inline JWKS' }).check();
  await field('Key set', nested).fill(await (await fetch(`${ISSUER_URL}/jwks`)).text());
  await field('Name', nested).fill('added');
  await audit(page, 'deploy-nested-provider');
  await button('Save', nested).click();
  await nested.waitFor({ state: 'detached' });
  await drawer.getByText('added', { exact: true }).first().waitFor();
  await filled();
  told('a filled drawer asks before it goes, and keeps what is in it');
}

async function restartWithAnOpenDrawer() {
  const drawer = page.getByRole('dialog', { name: 'New agent' });
  allow(/ERR_|Failed to load resource|status of 401/);
  writeFileSync(RESTART_FILE, '');
  await eventually('the gateway is back', 60_000, async () => !existsSync(RESTART_FILE));
  const again = page.getByRole('dialog', { name: 'Log in again' });
  await again.waitFor({ timeout: 30_000 });
  await audit(page, 'log-in-again');
  await field('Admin token', again).fill(ADMIN_TOKEN);
  await button('Log in', again).click();
  await again.waitFor({ state: 'detached' });
  must((await field('Name', drawer).inputValue()) === 'half-done', 'the restart took nothing out of the drawer');
  await field('Path', drawer).fill('/half-done');
  await field('Upstream URL', drawer).fill(UPSTREAM_URL);
  await field('Audiences', drawer).fill('urn:half');
  await page.keyboard.press('Enter');
  await button('Deploy', drawer).click();
  await drawer.getByText('half-done is live').waitFor();
  await button('Done', drawer).click();
  told('a restart took nothing out of an open drawer');
}

async function silence() {
  await go('Overview');
  const pid = Number(readFileSync(GATEWAY_PID, 'utf8'));
  process.kill(pid, 'SIGSTOP');
  try {
    await page.getByText(/^No response since .*; this page shows old data$/).waitFor({ timeout: 30_000 });
    must((await page.getByRole('alert').filter({ hasText: 'No response since' }).count()) === 1, 'it is said once');
    must((await page.getByText('Live revision').count()) === 1, 'what was seen stays');
    await audit(page, 'no-answer');
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await page.getByText(/^No response since/).waitFor({ state: 'detached', timeout: 30_000 });
  told('a gateway that hangs is said to be silent');
}

await play(page, browser, complaints, async () => {
  await begin();
  const key = await newKey();
  await whyRefused(await brokenFile(key));
  await rollBackAfterAnEditByHand();
  await deleteAndUndo();
  await providerInUse();
  await aDrawerAsks();
  await restartWithAnOpenDrawer();
  await silence();
});
