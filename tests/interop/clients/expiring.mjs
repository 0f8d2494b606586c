// A WebSocket of ws and an event stream of eventsource, held for as long as the gateway lets them: node expiring.mjs ORIGIN
// TOKEN. Prints a line of JSON for what each of them saw of its end.
import { EventSource } from 'eventsource';
import { WebSocket } from 'ws';

const [origin, token] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const say = (line) => console.log(JSON.stringify(line));

const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket`, { headers });
socket.on('open', () => socket.send('hello'));
socket.on('message', () => (socket.wasAnswered = true));
socket.on('close', (code, reason) =>
  say({ client: 'ws', answered: socket.wasAnswered === true, code, reason: reason.toString() }),
);
socket.on('error', (error) => say({ client: 'ws', error: error.message }));

const events = [];
const source = new EventSource(`${origin}/events`, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
});
source.addEventListener('message', (event) => events.push(event.data));
source.addEventListener('error', (error) => {
  // A clean end of the stream is an error without a status, after which it comes again by itself.
  if (error.code === undefined) return;
  say({ client: 'eventsource', events, status: error.code, closed: source.readyState === EventSource.CLOSED });
  source.close();
});
