// A newcomer and the demo: node newcomer.mjs, with CONSOLE_URL, ADMIN_TOKEN and GATEWAY_URL in the environment. The
// agent that the demo leaves open is secured with OAuth; a call is refused and a call is let through. No manual.
import { audit, complaints, openBrowser, openPage } from './browser.mjs';
import { finders, must, play } from './story.mjs';

const { CONSOLE_URL, ADMIN_TOKEN, GATEWAY_URL } = process.env;

async function call() {
  const answer = await fetch(`${GATEWAY_URL}/agents/open`);
  await answer.arrayBuffer();
  return answer.status;
}

const browser = await openBrowser();
const page = await openPage(browser);
const { button, link } = finders(page);
const textbox = (name, within = page) => within.getByRole('textbox', { name, exact: true });

async function story() {
  must((await call()) === 200, 'the demo leaves one agent open');
  await page.goto(CONSOLE_URL);
  await page.getByLabel('Admin token').fill(ADMIN_TOKEN);
  await button('Log in').click();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
  await audit(page, 'demo-overview');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Agents' }).click();
  await link('open').waitFor();
  await audit(page, 'demo-agents');
  await link('open').click();
  await button('Edit and deploy').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByRole('radio', { name: 'OAuth' }).check();
  const providers = drawer
    .getByRole('combobox', { name: 'Identity providers' })
    .or(textbox('Identity providers', drawer));
  await providers.first().click();
  await page.getByRole('option', { name: 'demo' }).click();
  await page.keyboard.press('Escape');
  await button('Deploy', drawer).click();
  await drawer.getByText('open is live').waitFor();
  must((await call()) === 401, 'the gate is shut as soon as the page says so');
  await button('Send a test request', drawer).click();
  const status = page.getByTestId('response-status');
  await button('Send').click();
  await status.filter({ hasText: '401' }).waitFor();
  await page.getByText('Fetch a token with client credentials').click();
  await textbox('Client ID').fill('me');
  await page.getByLabel('Client secret').first().fill('anything');
  await button('Fetch token').click();
  await page.getByText('A token was fetched').waitFor();
  await button('Send').click();
  await status.filter({ hasText: '200' }).waitFor();
  await audit(page, 'demo-test');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Why refused?' }).click();
  const decisions = page.getByRole('table', { name: 'Decisions' });
  await decisions.getByText('No token').first().waitFor();
  await page.getByLabel('Show', { exact: true }).selectOption({ label: 'All decisions' });
  await decisions.getByText('allowed').first().waitFor();
}

await play(page, browser, complaints, story);
