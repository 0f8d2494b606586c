// The story of an operator in the console, from the log-in to the roll-back: node console.mjs, with everything that it
// needs to know in the environment (console.rs sets it). Ends with 0 when nothing was found wrong.
import { createServer } from 'node:http';
import { audit, complaints, measured, openBrowser, openPage } from './browser.mjs';
import { eventually, finders, must, play, told } from './story.mjs';

const { CONSOLE_URL, ADMIN_TOKEN, GATEWAY_URL, ISSUER_URL, UPSTREAM_URL } = process.env;
const AUDIENCE = 'urn:portcullis:alpha';
const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

/** A certificate that signed itself; nobody has its key. */
const CLIENT_CERTIFICATE = [
  '-----BEGIN CERTIFICATE-----',
  'MIIBgzCCASmgAwIBAgIUFHIrtUeejPdF++D1VCYr03ZSIp8wCgYIKoZIzj0EAwIw',
  'FjEUMBIGA1UEAwwLY2xpZW50LnRlc3QwIBcNMjYxMTMwMDIyNzI4WhgPMjEyNjEx',
  'MDYwMjI3MjhaMBYxFDASBgNVBAMMC2NsaWVudC50ZXN0MFkwEwYHKoZIzj0CAQYI',
  'KoZIzj0DAQcDQgAEMgUsjNKElb17QK15VkD7cBGhDBIN4hPrEQqfgG5uWJOEW8wN',
  'cGjDJIpeboy8V5lWjGe5Tu/VR2bsheIdLxglFqNTMFEwHQYDVR0OBBYEFGJP7xbC',
  'h2Dm9af2fy9acelOoAg1MB8GA1UdIwQYMBaAFGJP7xbCh2Dm9af2fy9acelOoAg1',
  'MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIbtFmTGZilZRt0R',
  'nJKjvmCyVFjunkKmtMl8MAMnCt9PAiAQ7Gver7hfe3dcxmgSWhsvKLYzI6RC8xRe',
  'mlBMdKFMDQ==',
  '-----END CERTIFICATE-----',
].join('\n');

/** Calls the agent through the gateway, as any caller would. */
async function call(headers = {}) {
  const answer = await fetch(`${GATEWAY_URL}/refunds/1`, { headers });
  await answer.arrayBuffer();
  return answer.status;
}

async function fetchToken() {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: 'rs256',
    client_secret: 'not-a-secret',
    scope: 'refunds:write',
    resource: AUDIENCE,
  });
  const answer = await fetch(`${ISSUER_URL}/token`, { method: 'POST', body: form });
  return (await answer.json()).access_token;
}

const browser = await openBrowser();
const page = await openPage(browser);
const { button, link, field, diff, heading, go } = finders(page);
const sent = async () => {
  await button('Send').click();
  return page.getByTestId('response-status');
};
const newKey = async () => (await page.getByTestId('new-key').locator('pre').innerText()).trim();

async function logIn() {
  const first = await measured(page, CONSOLE_URL);
  console.log(`first load: ${first.bytes} bytes in ${first.requests} requests, ${JSON.stringify(first.paints)} ms`);
  await field('Admin token').waitFor();
  await audit(page, 'login');
  await field('Admin token').fill('wrong-token');
  await button('Log in').click();
  await page.getByRole('alert').filter({ hasText: 'Not logged in' }).waitFor();
  // By keyboard from here on.
  await field('Admin token').fill(ADMIN_TOKEN);
  await page.keyboard.press('Enter');
  await heading('Overview').waitFor();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href]));
  must(!kept.includes(ADMIN_TOKEN), `the page keeps the token: ${kept}`);
  const cookies = await page.context().cookies();
  must(cookies.every((one) => one.httpOnly && one.sameSite === 'Strict'), `cookies: ${cookies.map((one) => one.name)}`);
  await page.reload();
  await heading('Overview').waitFor();
  await page.keyboard.press('Tab');
  const first_stop = await page.evaluate(() => document.activeElement?.textContent);
  must(first_stop === 'Skip to the content', `the first stop of the Tab key is ${first_stop}`);
  await audit(page, 'overview-empty');
  told('logged in');
}

async function addProvider() {
  await go('Identity providers');
  await audit(page, 'identity-providers-empty');
  await button('Add identity provider').click();
  const drawer = page.getByRole('dialog');
  await field('Issuer', drawer).fill(`${ISSUER_URL}/nothing-here`);
  await button('Probe', drawer).click();
  const found = drawer.getByTestId('probe');
  await found.getByText('The probe found problems').waitFor();
  await audit(page, 'identity-provider-probe-fails');
  await field('Issuer', drawer).fill(ISSUER_URL);
  await button('Probe', drawer).click();
  await found.getByText('Found 3 keys').waitFor();
  for (const algorithm of ['RS256', 'ES256', 'EdDSA']) await found.getByText(algorithm).first().waitFor();
  await field('Name', drawer).fill('corp');
  await audit(page, 'identity-provider-probe');
  await button('Save', drawer).click();
  await heading('corp').waitFor();
  await page.getByText('healthy', { exact: true }).first().waitFor();
  await page.getByRole('table', { name: 'Keys' }).waitFor();
  await audit(page, 'identity-provider-new');
  await go('Identity providers');
  await link('corp').waitFor();
  await audit(page, 'identity-providers');
  told('added an identity provider by probing it');
}

async function deployWithOAuth() {
  await go('Agents');
  await audit(page, 'agents-empty');
  await button('New agent').first().click();
  const drawer = page.getByRole('dialog');
  await field('Name', drawer).fill('refunds');
  await field('Display name', drawer).fill(HOSTILE);
  await field('Path', drawer).fill('/refunds');
  await field('Upstream URL', drawer).fill(UPSTREAM_URL);
  await drawer.getByRole('radio', { name: 'OAuth' }).check();
  await drawer.getByText('Any audience is accepted').waitFor();
  await field('Identity providers', drawer).click();
  await page.getByRole('option', { name: 'corp' }).click();
  await field('Audiences', drawer).fill(AUDIENCE);
  await page.keyboard.press('Enter');
  await drawer.getByText('Any audience is accepted').waitFor({ state: 'detached' });
  await diff('Diff of this deploy', '/refunds', drawer);
  await audit(page, 'deploy-oauth');
  await drawer.getByText(/^More:/).click();
  await audit(page, 'deploy-more');
  await button('Deploy', drawer).click();
  await drawer.getByText('refunds is live').waitFor();
  must((await call()) === 401, 'the agent refuses a call without a token as soon as it is said to be live');
  must((await drawer.getByTestId('live-endpoint').innerText()) === `${GATEWAY_URL}/refunds`, 'the page of a deploy says where the agent is');
  const lines = drawer.getByRole('region', { name: 'the command that fetches a token' });
  await lines.filter({ hasText: `${ISSUER_URL}/token` }).waitFor();
  await audit(page, 'deploy-live');
  await button('Done', drawer).click();
  await link('refunds').first().waitFor();
  await page.getByText(HOSTILE).first().waitFor();
  must((await page.locator('img[src="x"]').count()) === 0, 'a display name is text');
  await audit(page, 'agents');
  await link('refunds').first().click();
  await page.getByTestId('endpoint').waitFor();
  await audit(page, 'agent');
  told('deployed an agent with OAuth');
}

async function tryOut() {
  await link('Test').click();
  await page.getByText('The console cannot issue a token').waitFor();
  await page.getByText('Fetch a token with client credentials').click();
  await field('Client ID').fill('rs256');
  await field('Client secret').fill('wrong');
  await field('Scope').fill('refunds:write');
  await eventually('the audience of the agent stands in the form', 5_000, async () => (await field('Resource').inputValue()) === AUDIENCE);
  await field('Client authentication').selectOption('post');
  await button('Fetch token').click();
  await page.getByText('invalid_client').first().waitFor();
  await field('Client secret').fill('not-a-secret');
  await button('Fetch token').click();
  await page.getByText('A token was fetched').waitFor();
  const status = await sent();
  await status.filter({ hasText: '200' }).waitFor();
  await page.getByTestId('response-headers').getByText('x-request-id').waitFor();
  await page.getByTestId('response-body').getByText('/refunds').first().waitFor();
  await audit(page, 'test-allowed');
  await field('Path').fill('/sse');
  await (await sent()).filter({ hasText: 'chunks' }).waitFor();
  await page.getByTestId('response-body').getByText('data: 4').waitFor();
  await field('Path').fill('/');
  await field('Token').fill('');
  await (await sent()).filter({ hasText: '401' }).waitFor();
  const decided = page.getByTestId('decided');
  await decided.getByText('No token').first().waitFor();
  await decided.getByTestId('seen-wanted').waitFor();
  await audit(page, 'test-refused');
  await field('Token').fill('Bearer eyJhbGciOiJub25lIn0.e30.');
  await (await sent()).filter({ hasText: '401' }).waitFor();
  await decided.getByText('Algorithm not allowed').first().waitFor();
  await button('Explain this credential check by check').click();
  await page.getByRole('heading', { name: 'Why refused?', level: 1 }).waitFor();
  must((await field('Token or API key').inputValue()).endsWith('eyJhbGciOiJub25lIn0.e30.'), 'the token came along');
  await button('Explain').click();
  await page.getByTestId('explanation').getByText('alg_not_allowed').first().waitFor();
  await page.goBack();
  must((await field('Token').inputValue()).includes('eyJhbGciOiJub25lIn0'), 'and is still there after a look');
  await field('Token').fill('');
  await explainHere();
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  must(!kept.includes('not-a-secret') && !kept.includes('eyJ'), `the page keeps a credential: ${kept}`);
  told('a fetched token gets 200, and none 401');
}

/** The request on the page, explained and not sent: what a certificate is, and when a stream would end. */
async function explainHere() {
  await field('Token').fill(await fetchToken());
  await field('Headers').fill('Accept: text/event-stream');
  await field('Client certificate').fill('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
  await page.getByText('This has a private key in it').waitFor();
  must(await button('Explain').isDisabled(), 'a private key does not leave the page');
  await field('Client certificate').fill(CLIENT_CERTIFICATE);
  await button('Explain').click();
  await page.getByTestId('certificate').getByText('x5t#S256').waitFor();
  await page.getByTestId('stream').getByText('It asks for an event stream').waitFor();
  await audit(page, 'test-explained');
  await field('Client certificate').fill('');
  await field('Headers').fill('');
  await field('Token').fill('');
}

async function denyAndLift() {
  const authorization = `Bearer ${await fetchToken()}`;
  must((await call({ authorization })) === 200, 'the token is good');
  await go('Denials');
  await page.getByText('Nobody is denied').waitFor();
  await audit(page, 'denials-empty');
  await field('What').selectOption({ label: 'Client (client_id)' });
  await field('Name').fill('rs256');
  await field('Of the identity provider').selectOption('corp');
  await field('Reason').fill(HOSTILE);
  await button('Whom would it hit?').click();
  await page.getByText(/It would end .* running streams/).waitFor();
  await audit(page, 'denial-rehearsed');
  await button('Deny…').click();
  const dialog = page.getByRole('dialog');
  await audit(page, 'denial-confirm');
  await button('Deny', dialog).click();
  const row = page.getByRole('row').filter({ hasText: 'rs256' });
  await row.waitFor();
  must((await call({ authorization })) === 401, 'who is denied is refused at once, with a token that is remembered');
  must((await call({ authorization: `Bearer ${await fetchToken()}` })) === 401, 'and with a new one');
  await audit(page, 'denials');
  await row.getByRole('button', { name: /^Lift/ }).click();
  await button('Lift', page.getByRole('dialog')).click();
  await page.getByText('Nobody is denied').waitFor();
  must((await call({ authorization })) === 200, 'the denial is lifted');
  told('denied a client, and lifted the denial');
}

async function limitAll() {
  const token = { authorization: `Bearer ${await fetchToken()}` };
  await go('Limits');
  await page.getByText('No limits for all agents yet').waitFor();
  await audit(page, 'limits-empty');
  await button('Add limit').click();
  await field('Name').fill('everybody');
  await field('Counted by').selectOption({ label: 'All together' });
  await field('Rate').fill('1 a day');
  await button('Review the change').click();
  await page.getByText('is not a rate').first().waitFor();
  await field('Rate').fill('1/1h');
  await field('Beyond it').selectOption({ label: 'Refuse' });
  await audit(page, 'limit-form');
  await button('Review the change').click();
  await diff('Diff of this change', '+rate: 1/1h');
  await button('Save').click();
  await heading('everybody').waitFor();
  await audit(page, 'limit');
  must((await call(token)) === 200, 'the first request passes');
  must((await call(token)) === 429, 'the second one is limited');
  await button('Edit').click();
  await field('Rate').fill('3/1h');
  await button('Review the change').click();
  await diff('Diff of this change', '+rate: 3/1h');
  await button('Save').click();
  await page.getByText('3 requests in 1 h').first().waitFor();
  must((await call(token)) === 200, 'a change keeps what was spent, and there is more now');
  await page.getByRole('region', { name: 'History' }).getByText('update limits/everybody').first().waitFor();
  await button('Delete').click();
  await button('Delete', page.getByRole('dialog')).click();
  await page.getByText('No limits for all agents yet').waitFor();
  must((await call(token)) === 200, 'the limit is gone');
  told('limited the callers of every agent');
}

async function judge() {
  const rules = { unlisted: 'deny', methods: { initialize: 'public' }, tools: { 'write_*': { scopes: { all_of: ['tools:write'] } } } };
  const spec = {
    route: '/tools',
    upstream: UPSTREAM_URL,
    protocol: 'mcp',
    auth: { oauth: { identity_providers: ['corp'], audiences: [AUDIENCE] } },
    mcp: { rules },
  };
  const made = await fetch(`${CONSOLE_URL}/api/v1/agents/tools`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json', 'if-none-match': '*' },
    body: JSON.stringify(spec),
  });
  must(made.ok, `an agent with rules is made: ${made.status} ${await made.text()}`);
  await page.goto(`${CONSOLE_URL}/agents/tools/test`);
  await field('Token').fill(await fetchToken());
  await field('Operation').fill('tools/call');
  await field('Name or URI').fill('write_x');
  await button('Judge').click();
  const judged = page.getByTestId('explanation');
  await judged.getByTestId('ruled').getByText('asks for a scope that this caller lacks').waitFor();
  await judged.getByText('error="insufficient_scope", scope="tools:write"').waitFor();
  await audit(page, 'test-judged');
  await page.getByLabel('A whole message').check();
  await field('Message').fill('[]');
  await button('Judge').click();
  await judged.getByText('mcp_batch').first().waitFor();
  await page.goto(`${CONSOLE_URL}/agents/refunds`);
  told('judged an operation, and a pasted message, without sending them');
}

async function discovery() {
  await link('Discovery').click();
  await page.getByTestId('client-url').filter({ hasText: `${GATEWAY_URL}/refunds` }).waitFor();
  const answer = await fetch(`${GATEWAY_URL}/.well-known/oauth-protected-resource/refunds`);
  const shown = page.getByRole('region', { name: `Metadata at ${GATEWAY_URL}/.well-known/oauth-protected-resource/refunds`, exact: true });
  const place = page.getByText(`${GATEWAY_URL}/.well-known/oauth-protected-resource/refunds`, { exact: true });
  if (!(await shown.isVisible())) await place.click();
  must((await shown.innerText()) === JSON.stringify(await answer.json(), null, 2), 'the metadata is that which clients get');
  await button('Check').click();
  const found = page.getByTestId('client-check');
  await found.getByText(`it names ${ISSUER_URL}`).waitFor();
  await found.getByRole('table', { name: 'How far each client gets' }).getByText('VS Code').waitFor();
  await audit(page, 'discovery');
  told('saw what clients find, and how far they get');
}

async function deployForMcp() {
  await go('Agents');
  await button('New agent').first().click();
  const drawer = page.getByRole('dialog');
  await field('Name', drawer).fill('toolbox');
  await field('Path', drawer).fill('/toolbox');
  await field('Upstream URL', drawer).fill(UPSTREAM_URL);
  await drawer.getByRole('radio', { name: 'MCP' }).check();
  await field('Public URL', drawer).fill(GATEWAY_URL);
  await drawer.getByRole('radio', { name: 'OAuth' }).check();
  await field('Identity providers', drawer).click();
  await page.getByRole('listbox', { name: 'Identity providers' }).getByRole('option', { name: 'corp' }).click();
  await drawer.getByTestId('receives').filter({ hasText: 'issued for the URL of this agent' }).waitFor();
  await drawer.getByText(/^More:/).click();
  await button('Write rules', drawer).click();
  await button('Rules by operation: add a rule', drawer).click();
  await field('Rules by operation: name 1', drawer).fill('write_*');
  await field('Rules by operation: who may 1', drawer).selectOption('block');
  await field('Rules by operation: scopes, all of, 1', drawer).fill('refunds:write');
  await page.keyboard.press('Enter');
  await field('Preset', drawer).selectOption('mcp');
  await diff('Diff of this deploy', 'write_*:', drawer);
  await audit(page, 'deploy-mcp');
  await button('Deploy', drawer).click();
  await drawer.getByText('toolbox is live').waitFor();
  await button('Open the agent', drawer).click();
  await page.getByTestId('client-url').filter({ hasText: `${GATEWAY_URL}/toolbox/mcp` }).waitFor();
  const { spec, audiences } = await page.evaluate(async () => (await fetch('/api/v1/agents/toolbox')).json());
  must(JSON.stringify(spec.mcp.rules) === '{"tools":{"write_*":{"scopes":{"all_of":["refunds:write"]}}},"unlisted":"deny"}', JSON.stringify(spec));
  must(audiences.includes(`${GATEWAY_URL}/toolbox/mcp`), `audiences: ${audiences}`);
  told('deployed an agent that speaks MCP, with a rule');
}

async function severalTargets() {
  const other = UPSTREAM_URL.replace('127.0.0.1', 'localhost');
  must((await fetch(`${GATEWAY_URL}/toolbox/mcp`, { method: 'POST' })).status === 401, 'it asks for a token');
  await button('Edit and deploy').click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText(/^More:/).click();
  await button('It runs in several places', drawer).click();
  await field('Targets: URL 2', drawer).fill(other);
  await field('Targets: zone 2', drawer).fill('b');
  await button('Limits of callers: add a limit', drawer).click();
  await field('Limits of callers: name 1', drawer).fill('per-caller');
  await field('Limits of callers: rate 1', drawer).fill('100/1m');
  await diff('Diff of this deploy', 'per-caller', drawer);
  await button('Deploy', drawer).click();
  await drawer.getByText('toolbox is live').waitFor();
  await button('Done', drawer).click();
  await drawer.waitFor({ state: 'detached' });
  const { spec } = await page.evaluate(async () => (await fetch('/api/v1/agents/toolbox')).json());
  const targets = JSON.stringify(spec.upstream.targets);
  must(targets === JSON.stringify([UPSTREAM_URL, { url: other, zone: 'b' }]), targets);
  must(JSON.stringify(spec.limits) === '[{"name":"per-caller","per":"principal","rate":"100/1m","scope":"agent"}]', JSON.stringify(spec.limits));
  await page.getByRole('table', { name: 'Targets' }).getByText('zone b').waitFor();
  await page.getByRole('table', { name: 'Limits' }).getByText('100 requests in 1 min').waitFor();
  await page.getByRole('table', { name: 'Callers refused most often' }).getByText('127.0.0.1').waitFor();
  await button(`Drain ${other}`).click();
  const question = page.getByRole('dialog');
  await question.getByText('New requests go to the other target.').waitFor();
  await button('Drain', question).click();
  await button(`Undrain ${other}`).waitFor();
  await audit(page, 'agent-targets');
  told('gave an agent a second target and a limit, saw how they stand, and drained one');
}

/** An agent that has a card and nothing else; the story does not wait for its end. */
async function agentWithCard() {
  const server = createServer((request, response) => {
    const url = `http://${request.headers.host}/helper/`;
    const card = { name: 'Helper', version: '1', protocolVersion: '0.3.0', url, preferredTransport: 'JSONRPC' };
    const rest = { description: '', capabilities: {}, defaultInputModes: [], defaultOutputModes: [], skills: [] };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ ...card, ...rest }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

async function deployForA2a() {
  const spec = { route: '/helper', upstream: await agentWithCard(), auth: 'public', protocol: 'a2a' };
  const status = await page.evaluate(async (body) => {
    const headers = { 'Content-Type': 'application/json', 'If-None-Match': '*' };
    return (await fetch('/api/v1/agents/helper', { method: 'PUT', headers, body })).status;
  }, JSON.stringify(spec));
  must(status === 201, `the agent was deployed with ${status}`);
  await page.goto(`${CONSOLE_URL}/agents/helper/discovery`);
  await page.getByTestId('client-url').filter({ hasText: `${GATEWAY_URL}/helper/` }).waitFor();
  await page.getByRole('heading', { name: 'Agent card', level: 2 }).waitFor();
  const sides = page.getByTestId('card-sides');
  await sides.getByText('added:').first().waitFor();
  await audit(page, 'card');
  await page.goto(`${CONSOLE_URL}/agents/refunds`);
  await page.getByTestId('endpoint').waitFor();
  told('saw the card that is served beside that of the agent');
}

async function switchToKeys() {
  await link('API keys').click();
  await page.getByText('API keys are off').waitFor();
  must(await button('Create key').isDisabled(), 'no key can be made for an OAuth agent');
  await page.getByText('This agent uses OAuth').waitFor();
  await audit(page, 'api-keys-off');
  await link('Deploy it with API keys').click();
  const drawer = page.getByRole('dialog');
  must(await drawer.getByRole('radio', { name: 'API key' }).isChecked(), 'the drawer opens with API key chosen');
  await field('Header name', drawer).fill('X-API-Key');
  await diff('Diff of this deploy', 'oauth', drawer);
  await audit(page, 'deploy-api-key');
  await button('Deploy', drawer).click();
  await drawer.getByText('refunds is live').waitFor();
  await button('Create an API key', drawer).click();
  told('switched the agent to API keys');
}

async function keys() {
  await field('Name').fill('first');
  await button('Create key').click();
  const first = await newKey();
  must((await call({ 'x-api-key': first })) === 200, 'a new key works at once');
  must((await call()) === 401, 'and none does not');
  await audit(page, 'api-keys-new');
  await button('I have copied it').click();
  await page.reload();
  const rotate = page.getByRole('button', { name: /^Rotate first/ });
  await rotate.waitFor();
  must(!(await page.content()).includes(first), 'a key is shown once');
  await rotate.click();
  const dialog = page.getByRole('dialog');
  await field('Overlap', dialog).selectOption('10m');
  await audit(page, 'api-keys-rotate');
  await button('Rotate', dialog).click();
  const second = await newKey();
  must(first !== second, 'another key');
  must((await call({ 'x-api-key': first })) === 200 && (await call({ 'x-api-key': second })) === 200, 'both are live');
  await button('I have copied it').click();
  await audit(page, 'api-keys');
  told('created, used and rotated a key');
  return { first, second };
}

async function revokeAndSee({ first, second }) {
  const watch = await page.context().newPage();
  await watch.goto(`${CONSOLE_URL}/why-refused`);
  await watch.getByRole('heading', { level: 1 }).waitFor();

  const ids = await page.evaluate(async () => (await (await fetch('/api/v1/api-keys?agent=refunds')).json()).items);
  const idOf = (key) => key.split('_')[1];
  for (const key of [first, second]) {
    const masked = ids.find((one) => one.id === idOf(key)).masked;
    const row = page.getByRole('row').filter({ hasText: masked });
    await row.getByRole('button', { name: /^Revoke/ }).click();
    await button('Revoke', page.getByRole('dialog')).click();
    await row.getByText('revoked').waitFor();
    must((await call({ 'x-api-key': key })) === 401, 'a revoked key is refused at once');
  }
  // The list that was open all the while, without a reload.
  await watch.getByRole('table', { name: 'Decisions' }).getByText('API key revoked').first().waitFor({ timeout: 2_000 });
  await watch.close();
  await audit(page, 'api-keys-revoked');

  await go('Why refused?');
  await page.getByRole('table', { name: 'Decisions' }).getByText('API key revoked').first().waitFor();
  await field('Only this reason').selectOption({ label: 'API key revoked' });
  await page.getByRole('table', { name: 'Decisions' }).getByText('refused').first().waitFor();
  await audit(page, 'why-refused-list');
  await field('Agent').click();
  await page.getByRole('option', { name: /refunds/ }).click();
  await field('Token or API key').fill(second);
  await button('Explain').click();
  await page.getByTestId('explanation').getByText('api_key_revoked').first().waitFor();
  await audit(page, 'why-refused-explained');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  must(!kept.includes(second), `the page keeps a credential: ${kept}`);
  told('revoked both keys and saw the refusal as it happened');
}

async function twoEditors() {
  const other = await page.context().newPage();
  for (const one of [page, other]) {
    await one.goto(`${CONSOLE_URL}/agents/refunds?deploy`);
    await one.getByRole('dialog').getByText(/^More:/).click();
  }
  const edit = async (one, name) => {
    const drawer = one.getByRole('dialog');
    await drawer.getByLabel('Display name', { exact: true }).fill(name);
    await drawer.getByRole('button', { name: 'Deploy', exact: true }).click();
    return drawer;
  };
  await (await edit(page, 'by the first')).getByText('refunds is live').waitFor();
  await (await edit(other, 'by the second')).getByText('Somebody else has deployed this agent in the meantime').waitFor();
  const spec = await page.evaluate(async () => (await (await fetch('/api/v1/agents/refunds')).json()).spec);
  must(spec.display_name === 'by the first', `nothing is overwritten: ${JSON.stringify(spec)}`);
  await audit(other, 'deploy-conflict');
  await other.close();
  told('the second of two editors lost nothing and overwrote nothing');
}

async function rollBack() {
  await page.goto(`${CONSOLE_URL}/agents/refunds`);
  const made = page.locator('[data-testid^="revision-"]').last();
  const number = Number((await made.getAttribute('data-testid')).split('-')[1]);
  await button(`Show the diff of revision ${number}`).click();
  await diff(`Diff of revision ${number}`, 'oauth');
  await audit(page, 'history');
  await button(`Roll back to revision ${number}`).click();
  const dialog = page.getByRole('dialog');
  await diff('Changes of the roll-back', 'oauth', dialog);
  await audit(page, 'roll-back');
  await button('Roll back', dialog).click();
  await page.getByText(`Rolled back to revision ${number}`).waitFor();
  const token = await fetchToken();
  must((await call({ authorization: `Bearer ${token}` })) === 200, 'a token is accepted again');
  must((await call()) === 401, 'and nothing is not');
  told('rolled back to OAuth');
}

async function leave() {
  await link('corp').first().click();
  await heading('corp').waitFor();
  await page.getByText('refunds').first().waitFor();
  await audit(page, 'identity-provider');
  await go('Overview');
  await audit(page, 'overview');
  await page.goto(`${CONSOLE_URL}/nothing-here`);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await audit(page, 'not-found');
  await button('Log out').click();
  await field('Admin token').waitFor();
  await page.goBack();
  await field('Admin token').waitFor();
  must((await page.context().cookies()).length === 0, 'no cookie stays');
  told('logged out');
}

await play(page, browser, complaints, async () => {
  await logIn();
  await addProvider();
  await deployWithOAuth();
  await tryOut();
  await denyAndLift();
  await limitAll();
  await judge();
  await discovery();
  await deployForMcp();
  await severalTargets();
  await deployForA2a();
  await switchToKeys();
  await revokeAndSee(await keys());
  await twoEditors();
  await rollBack();
  await leave();
});
