// A hop between a client and the gateway. It writes down each exchange, and on demand it is as bad as some proxies are:
//   sessions   drops Mcp-Session-Id, both ways
//   events     holds server-sent events back until the stream ends
//   parameters eats Mcp-Param-* of requests
import { createServer, request as send } from 'node:http';

export const FAULTS = ['sessions', 'events', 'parameters'];

/** Listens on `port` and passes everything on to `target`, the authority of the gateway. */
export async function wire(port, target) {
  const made = { port, url: `http://127.0.0.1:${port}`, exchanges: [], fault: null };
  const server = createServer((request, response) => pass(made, target, request, response));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  made.close = () => {
    server.closeAllConnections();
    server.close();
  };
  /** The exchanges since the last call of this. */
  made.taken = () => made.exchanges.splice(0);
  return made;
}

function pass(made, target, request, response) {
  const [host, port] = target.split(':');
  const headers = worse(request.rawHeaders, made.fault);
  const { method, url } = request;
  const exchange = { at: Math.round(performance.now()), method, url, status: 0, challenge: undefined };
  made.exchanges.push(exchange);
  const onward = send({ host, port, method: request.method, path: request.url, headers, setHost: false }, (answer) => {
    exchange.status = answer.statusCode;
    exchange.challenge = answer.headers['www-authenticate'];
    response.writeHead(answer.statusCode, answer.statusMessage, worse(answer.rawHeaders, made.fault));
    const isStream = /^text\/event-stream/.test(answer.headers['content-type'] ?? '');
    if (made.fault === 'events' && isStream) hold(answer, response);
    else {
      response.flushHeaders();
      answer.pipe(response);
    }
    answer.on('error', () => response.destroy());
  });
  onward.on('error', () => response.destroy());
  response.on('close', () => onward.destroy());
  request.pipe(onward);
}

function hold(answer, response) {
  const chunks = [];
  answer.on('data', (chunk) => chunks.push(chunk));
  answer.on('end', () => response.end(Buffer.concat(chunks)));
}

function worse(raw, fault) {
  const eaten = { sessions: /^mcp-session-id$/i, parameters: /^mcp-param-/i }[fault];
  const kept = [];
  for (let index = 0; index < raw.length; index += 2) {
    if (!eaten?.test(raw[index])) kept.push(raw[index], raw[index + 1]);
  }
  return kept;
}
