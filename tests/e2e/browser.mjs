// A browser that complains: about every error in its log, everything that a page's policy stopped, every page that is
// hard to use with a screen reader or does not fit a phone.
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const DESK = { width: 1280, height: 800 };
const PHONE = { width: 360, height: 740 };
const shots = process.env.CONSOLE_SHOTS;

/** What was found wrong, in the order of the story. */
export const complaints = [];

/** The answers whose status a page asks for on purpose; the browser logs each as an error. */
const EXPECTED = [
  { status: 401, path: /\/api\/v1\/session$/, why: 'nobody is logged in yet, or the token was wrong' },
  { status: 422, path: /\/identity-providers\/corp\/token$/, why: 'the provider does not take a wrong secret' },
  { status: 422, path: /\/limits\/everybody\?dry_run=true$/, why: 'what is typed is no rate' },
  { status: 412, path: /\/api\/v1\/agents\//, why: 'two browsers edit one agent' },
];

/** What the browser may log from here on, since the story breaks something on purpose. */
const allowed = [];
export const allow = (pattern) => allowed.push(pattern);

function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // not in this folder
    }
  }
  throw new Error(`there is no ${name} on the PATH: run make setup`);
}

export async function openBrowser() {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: onPath('chromium'), args });
}

/** A page in a profile of its own, which is watched from its first byte. */
export async function openPage(browser) {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', colorScheme: 'light' });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy: ${event.violatedDirective} stopped ${event.blockedURI || 'inline'} (${event.sourceFile}:${event.lineNumber})`);
    });
  });
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    const at = message.location().url ?? '';
    const expected = EXPECTED.some(({ status, path }) => message.text().includes(`status of ${status}`) && path.test(at));
    if (!expected && !allowed.some((pattern) => pattern.test(message.text()))) complaints.push(`the log of ${page.url()}: ${message.type()}: ${message.text()} (${at})`);
  });
  page.on('pageerror', (error) => complaints.push(`an exception at ${page.url()}: ${error.stack ?? error}`));
  page.on('dialog', async (dialog) => {
    complaints.push(`a dialog at ${page.url()}: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.status()} of ${response.url()}`);
  });
  page.on('request', (request) => {
    const home = new URL(page.url() === 'about:blank' ? request.url() : page.url()).origin;
    const url = request.url();
    if (!url.startsWith('data:') && !url.startsWith('blob:') && new URL(url).origin !== home) {
      complaints.push(`${page.url()} asks elsewhere: ${url}`);
    }
  });
  return page;
}

/** Waits until the page has taken up its colours, and nothing on it moves any more but for what turns for ever. */
async function still(page, colours) {
  await page.waitForFunction((wanted) => document.documentElement.dataset.mantineColorScheme === wanted, colours);
  const moves = await page.evaluate(async () => {
    await document.fonts.ready;
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const moving = () =>
      document.getAnimations().filter((one) => one.playState === 'running' && one.effect?.getTiming().iterations !== Infinity);
    const end = performance.now() + 10_000;
    // Quiet for as long as three frames take; frames themselves may not come while a page is not looked at.
    for (let quiet = 0; quiet < 3; quiet = moving().length === 0 ? quiet + 1 : 0) {
      if (performance.now() > end) return moving().map((one) => `${one.animationName ?? one.transitionProperty} of ${one.effect?.target?.className}`);
      await pause(17);
    }
    return [];
  });
  if (moves.length > 0) complaints.push(`${page.url()} does not come to rest: ${moves.join(', ')}`);
}

const CONTRAST = 'color-contrast';

/** What axe looks for in each look: everything once, and again only what can have changed; no entry is no look. */
const LOOKS = {
  'desk light': {},
  'desk dark': { runOnly: [CONTRAST] },
  // A phone shows the colours of the desk.
  'phone light': { rules: { [CONTRAST]: { enabled: false } } },
};

async function findings(page, look) {
  await page.evaluate(axe);
  const options = { ...look, resultTypes: ['violations'], preload: false };
  const { violations } = await page.evaluate((options) => globalThis.axe.run(document, options), options);
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, impact, help, nodes }) => {
      const places = nodes.slice(0, 4).map((node) => `${node.target.join(' ')}: ${node.failureSummary?.replace(/\s+/g, ' ')}`);
      return `${impact} ${id} (${help})\n    ${places.join('\n    ')}`;
    });
}

/** Looks at a page as it is now: light and dark, at a desk and on a phone. */
export async function audit(page, name) {
  for (const [where, size] of [['desk', DESK], ['phone', PHONE]]) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      const look = LOOKS[`${where} ${colorScheme}`];
      if (!look && !shots) continue;
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await still(page, colorScheme);
      const looked = look ? await findings(page, look) : [];
      for (const finding of looked) complaints.push(`${name}, ${where}, ${colorScheme}: ${finding}`);
      if (shots) {
        mkdirSync(shots, { recursive: true });
        // What sticks to the edge of the window would stand in the middle of the picture.
        await page.evaluate(() => window.scrollTo(0, 0));
        await page.screenshot({ path: join(shots, `${name}-${where}-${colorScheme}.png`), fullPage: true });
      }
    }
    const wide = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return null;
      const sticks = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > clientWidth + 1);
      const named = sticks.slice(0, 5).map((one) => `${one.tagName.toLowerCase()}.${one.className} ${Math.round(one.getBoundingClientRect().right)}`);
      return `${scrollWidth} for ${clientWidth}: ${named.join(', ')}`;
    });
    if (wide) complaints.push(`${name}, ${where}: scrolls sideways, ${wide}`);
  }
  await page.setViewportSize(DESK);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await still(page, 'light');
}

/** Loads a page with nothing cached; its first paint and what went over the wire. */
export async function measured(page, url) {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  let requests = 0;
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
    requests += 1;
  });
  await page.goto(url, { waitUntil: 'networkidle' });
  const paints = await page.evaluate(
    () =>
      new Promise((done) => {
        new PerformanceObserver((list) => done(list.getEntries().map(({ name, startTime }) => [name, startTime]))).observe({
          type: 'paint',
          buffered: true,
        });
      }),
  );
  await session.detach();
  return { bytes, requests, paints: Object.fromEntries(paints) };
}
