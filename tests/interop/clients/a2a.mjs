// An A2A client on the JavaScript SDK: node a2a.mjs BASE BINDING TOKEN NAME
// It finds the agent by its card, and sends a message once whole and once as a stream. The token goes where the card says
// that one is wanted, and is left out where it does not. Prints what it got, as one line of JSON.
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client';
import { Role } from '@a2a-js/sdk';

const [base, binding, token, name] = process.argv.slice(2);
const legacyCompat = { enabled: true };
const card = await new DefaultAgentCardResolver({ legacyCompat }).resolve(base);
const wanted = card.securityRequirements?.length > 0 && Object.keys(card.securitySchemes ?? {}).length > 0;
const authorized = (input, init = {}) => {
  const headers = new Headers(init.headers);
  if (wanted) headers.set('authorization', `Bearer ${token}`);
  return fetch(input, { ...init, headers });
};
const options = { fetchImpl: authorized, legacyCompat };
const factory = new ClientFactory({
  transports: [new JsonRpcTransportFactory(options), new RestTransportFactory(options)],
  preferredTransports: [binding],
});
const client = await factory.createFromAgentCard(card);
const message = (messageId) => ({
  tenant: '', configuration: undefined, metadata: undefined,
  message: {
    messageId, contextId: '', taskId: '', role: Role.ROLE_USER, metadata: undefined, extensions: [], referenceTaskIds: [],
    parts: [{ content: { $case: 'text', value: name }, metadata: undefined, filename: '', mediaType: 'text/plain' }],
  },
});
const sent = await client.sendMessage(message('one'));
const events = [];
for await (const event of client.sendMessageStream(message('two'))) events.push(event);
const urls = card.supportedInterfaces.map(({ url }) => url);
console.log(JSON.stringify({ urls, wanted, whole: JSON.stringify(sent), stream: events.map((event) => JSON.stringify(event)) }));
