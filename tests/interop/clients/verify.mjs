// Verifies a card with the JavaScript SDK: node verify.mjs KEYS_URL < CARD
// Keys are taken from KEYS_URL alone; a `jku` that leads elsewhere verifies nothing. Prints what the SDK read.
import { text } from 'node:stream/consumers';

import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk';
import { DefaultAgentCardResolver } from '@a2a-js/sdk/client';

const keysUrl = process.argv[2];
const { keys } = await (await fetch(keysUrl)).json();
const raw = JSON.parse(await text(process.stdin));
const card = new DefaultAgentCardResolver({ legacyCompat: { enabled: true } }).normalizeAgentCard(raw);
const key = async (kid, jku) => {
  const found = keys.find((one) => one.kid === kid && jku === keysUrl);
  if (!found) throw new Error(`no key ${kid} at ${jku}`);
  return found;
};
// Of a card that it has parsed itself, the SDK (1.3.0) loses the security schemes when it verifies; of JSON it does not. What it
// makes of a card of 0.3 is JSON of 1.0 again.
await verifyAgentCardSignature(key)('supportedInterfaces' in raw ? raw : AgentCard.toJSON(card));
console.log(JSON.stringify({ name: card.name, urls: card.supportedInterfaces.map(({ url }) => url) }));
