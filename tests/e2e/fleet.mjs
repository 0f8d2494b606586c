// The story of a fleet in the console of one of its members: a deploy that all of them run, one that a member refuses, and
// a member that is killed and comes back. node fleet.mjs, with everything that it needs to know in the environment
// (console.rs sets it). It asks for the end and the return of gateway-2 by making KILL_FILE, which goes when it is back.
import { existsSync, writeFileSync } from 'node:fs';

import { audit, complaints, openBrowser, openPage } from './browser.mjs';
import { eventually, finders, must, play, told } from './story.mjs';

const { CONSOLE_URL, ADMIN_TOKEN, GATEWAY_URLS, UPSTREAM_URL, KILL_FILE } = process.env;
const gateways = GATEWAY_URLS.split(' ');

/** A lease of ten seconds has to end first. */
const VANISHED_WITHIN = 20_000;

const browser = await openBrowser();
const page = await openPage(browser);
const { button, link, field, heading, go } = finders(page);
const summary = (text) => page.getByTestId('fleet-summary').filter({ hasText: text }).waitFor();
const members = page.getByRole('table', { name: 'Members of the fleet' });
const row = (name) => members.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${name}\\b`) }) });

/** What each gateway answers to a call of an agent. */
const answers = (path) => Promise.all(gateways.map(async (url) => (await fetch(url + path)).status));

async function deploy(name, path) {
  await go('Agents');
  await button('New agent').first().click();
  const drawer = page.getByRole('dialog');
  await field('Name', drawer).fill(name);
  await field('Path', drawer).fill(path);
  await field('Upstream URL', drawer).fill(UPSTREAM_URL);
  await drawer.getByRole('radio', { name: 'Public' }).check();
  await button('Deploy', drawer).click();
  await drawer.getByText(`${name} is live`).waitFor();
  return drawer;
}

async function logIn() {
  await page.goto(CONSOLE_URL);
  await field('Admin token').fill(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await heading('Overview').waitFor();
  await page.getByTestId('this-member').filter({ hasText: 'gateway-0' }).waitFor();
  await page.getByTestId('of-this-member').filter({ hasText: 'gateway-0 alone' }).waitFor();
  await go('Fleet');
  await summary(/^3 of 3 gateways run revision \d+$/);
  await row('gateway-0').getByText('this console').waitFor();
  must((await members.getByText('this console').count()) === 1, 'one gateway is that of the console');
  await row('gateway-1').getByText('zone=1').waitFor();
  await audit(page, 'fleet');
  told('a fleet of three, and which of them speaks');
}

async function liveEverywhere() {
  const drawer = await deploy('open', '/open');
  await drawer.getByTestId('reached').filter({ hasText: '3 of 3 gateways run revision' }).waitFor();
  must((await answers('/open')).every((status) => status === 200), 'a deploy that all run is served by all');
  await audit(page, 'fleet-deploy');
  await button('Done', drawer).click();
  told('a deploy is live on all of them');
}

async function refused() {
  // gateway-1 has this route in its own file.
  const drawer = await deploy('taken', '/taken');
  await drawer.getByTestId('reached').filter({ hasText: /2 of 3 gateways run revision \d+; gateway-1 refused it/ }).waitFor();
  await audit(page, 'fleet-deploy-refused');
  await link('See the fleet', drawer).click();
  await heading('Fleet').waitFor();
  await summary(/^2 of 3 gateways run revision/);
  const late = page.getByTestId('late-gateway-1');
  await late.getByText(/gateway-1 refused revision \d+/).waitFor();
  await late.getByText('agents/taken').first().waitFor();
  await row('gateway-1').getByText('refused').waitFor();
  await audit(page, 'fleet-refused');
  await go('Overview');
  await page.getByText(/gateway-1 refuses revision/).waitFor();
  await page.goto(`${CONSOLE_URL}/agents/taken`);
  await button('Delete agent').click();
  await button('Delete', page.getByRole('dialog')).click();
  await page.getByText(/taken is deleted\. 3 of 3 gateways run revision/).waitFor();
  await go('Fleet');
  await summary(/^3 of 3 gateways run revision/);
  told('one that a gateway refuses is told with its cause, and goes when the cause goes');
}

async function killed() {
  writeFileSync(KILL_FILE, '');
  const began = performance.now();
  await page.getByTestId('late-gateway-2').getByText(/gateway-2 vanished/).waitFor({ timeout: VANISHED_WITHIN });
  console.log(`gateway-2 is seen as vanished after ${Math.round(performance.now() - began)} ms`);
  await summary(/^2 of 2 gateways run revision/);
  await row('gateway-2').getByText('vanished').waitFor();
  await audit(page, 'fleet-vanished');
  await go('Overview');
  const line = page.getByRole('listitem').filter({ hasText: /gateway-2 has vanished/ });
  await line.waitFor();
  await audit(page, 'fleet-attention');
  await link('Open gateway-2', line).click();
  await heading('Fleet').waitFor();
  const drawer = await deploy('later', '/later');
  await drawer.getByTestId('reached').filter({ hasText: '2 of 2 gateways run revision' }).waitFor();
  await button('Done', drawer).click();
  await go('Fleet');
  writeFileSync(`${KILL_FILE}.back`, '');
  await summary(/^3 of 3 gateways run revision/);
  await eventually('gateway-2 serves what was deployed without it', 15_000, async () => (await answers('/later')).every((status) => status === 200));
  must(!existsSync(KILL_FILE), 'the gateway is back');
  told('a gateway that is killed vanishes, and catches up when it is back');
}

await play(page, browser, complaints, async () => {
  await logIn();
  await liveEverywhere();
  await refused();
  await killed();
});
