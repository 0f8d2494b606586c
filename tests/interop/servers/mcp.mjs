// An MCP server on the official SDK 2.x that serves both generations of the protocol: node mcp.mjs PORT
//
// Revisions up to 2025-11-25 get sessions, streams and requests of the server; 2026-07-28 gets single exchanges. Tools,
// resources and prompts are those that the conformance suite asks for by name. It checks no credential: what reached it
// was let through, and GET /saw says what that was.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';

import { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';
import {
  McpServer, ResourceTemplate, acceptedContent, createMcpHandler, createRequestStateCodec, fromJsonSchema, inputRequired,
  inputResponse, isLegacyRequest,
} from '@modelcontextprotocol/server';

const port = Number(process.argv[2]);
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SILENCE = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=';
const state = createRequestStateCodec({ key: new Uint8Array(32).fill(7) });

const text = (words) => ({ content: [{ type: 'text', text: words }] });
const object = (properties = {}, required = []) => ({ type: 'object', properties, required });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const embedded = (uri, words) => ({ type: 'resource', resource: { uri, mimeType: 'text/plain', text: words } });
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const FORMS = {
  test_elicitation_sep1034_defaults: object({
    name: { type: 'string', default: 'John Doe' },
    age: { type: 'integer', default: 30 },
    score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
    verified: { type: 'boolean', default: true },
  }),
  test_elicitation_sep1330_enums: object({
    untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
    titledSingle: { type: 'string', oneOf: [1, 2, 3].map((n) => ({ const: `value${n}`, title: `Option ${n}` })) },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Two', 'Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
    titledMulti: { type: 'array', items: { anyOf: [1, 2, 3].map((n) => ({ const: `value${n}`, title: `Choice ${n}` })) } },
  }),
};
const NAME = object({ name: { type: 'string' } }, ['name']);

function plainTools(server) {
  const tool = (name, run, properties = {}) =>
    server.registerTool(name, { description: name, inputSchema: fromJsonSchema(object(properties)) }, run);
  tool('test_simple_text', () => text('This is a simple text response for testing.'));
  tool('test_image_content', () => ({ content: [image] }));
  tool('test_audio_content', () => ({ content: [{ type: 'audio', data: SILENCE, mimeType: 'audio/wav' }] }));
  tool('test_embedded_resource', () => ({ content: [embedded('test://embedded-resource', 'An embedded resource.')] }));
  tool('test_multiple_content_types', () => ({
    content: [{ type: 'text', text: 'Several kinds:' }, image, embedded('test://mixed-content-resource', '{"test":"data"}')],
  }));
  tool('test_error_handling', () => {
    throw new Error('This tool intentionally returns an error for testing');
  });
  tool('json_schema_2020_12_tool', (args) => text(JSON.stringify(args)), { name: { type: 'string' } });
  tool('test_regional', ({ region }) => text(`region ${region}`), {
    region: { type: 'string', 'x-mcp-header': 'Region' },
  });
}

function talkingTools(server, closeStream) {
  const tool = (name, run, properties = {}) =>
    server.registerTool(name, { description: name, inputSchema: fromJsonSchema(object(properties)) }, run);
  tool('test_tool_with_logging', async (_args, ctx) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await ctx.mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } });
      await pause(50);
    }
    return text('logged');
  });
  // The pauses are long enough for a reader to see whether progress comes as it is made or all at once with the result.
  tool('test_tool_with_progress', async (_args, ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken ?? 0;
    for (const progress of [0, 50, 100]) {
      await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await pause(300);
    }
    return text(String(progressToken));
  });
  tool('test_reconnection', async (_args, ctx) => {
    closeStream(ctx);
    await pause(100);
    return text('the stream was closed and taken up again');
  });
  tool('test_sampling', async ({ prompt }, ctx) => {
    const messages = [{ role: 'user', content: { type: 'text', text: prompt } }];
    const params = { messages, maxTokens: 100 };
    const result = await ctx.mcpReq.send({ method: 'sampling/createMessage', params });
    return text(`LLM response: ${result.content?.text}`);
  }, { prompt: { type: 'string' } });
  // On the stream of this very request: on that for GET it would be lost when the client has not opened it yet.
  const elicit = (ctx, params) => ctx.mcpReq.send({ method: 'elicitation/create', params });
  const asked = (result) => text(`action=${result.action}, content=${JSON.stringify(result.content ?? {})}`);
  tool('test_elicitation', async ({ message }, ctx) => {
    const requestedSchema = object({ response: { type: 'string' } }, ['response']);
    return asked(await elicit(ctx, { message, requestedSchema }));
  }, { message: { type: 'string' } });
  for (const [name, requestedSchema] of Object.entries(FORMS)) {
    tool(name, async (_args, ctx) => asked(await elicit(ctx, { message: name, requestedSchema })));
  }
}

// What 2026-07-28 has instead of requests of the server: a result that asks for input.
function askingTools(server) {
  const tool = (name, run) => server.registerTool(name, { description: name, inputSchema: fromJsonSchema(object()) }, run);
  const form = (message, requestedSchema) => inputRequired.elicit({ message, requestedSchema });
  const sampling = (words, maxTokens) =>
    inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text: words } }], maxTokens });
  const answers = (ctx) => ctx.mcpReq.inputResponses;

  tool('test_input_required_result_elicitation', (_args, ctx) => {
    const name = acceptedContent(answers(ctx), 'user_name')?.name;
    if (typeof name === 'string') return text(`Hello, ${name}!`);
    return inputRequired({ inputRequests: { user_name: form('What is your name?', NAME) } });
  });
  tool('test_input_required_result_sampling', (_args, ctx) => {
    const answer = inputResponse(answers(ctx), 'capital_question');
    if (answer.kind === 'sampling') return text(answer.result.content.text);
    return inputRequired({ inputRequests: { capital_question: sampling('What is the capital of France?', 100) } });
  });
  tool('test_input_required_result_list_roots', (_args, ctx) => {
    const answer = inputResponse(answers(ctx), 'client_roots');
    if (answer.kind === 'roots') return text(answer.roots.map((root) => root.uri).join(' '));
    return inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } });
  });
  for (const name of ['request_state', 'tampered_state']) {
    tool(`test_input_required_result_${name}`, async (_args, ctx) => {
      if (ctx.mcpReq.requestState() && acceptedContent(answers(ctx), 'confirm')) return text('state-ok');
      const confirm = form('Please confirm', object({ ok: { type: 'boolean' } }, ['ok']));
      return inputRequired({ inputRequests: { confirm }, requestState: await state.mint({ step: 1 }, ctx) });
    });
  }
  tool('test_input_required_result_multiple_inputs', async (_args, ctx) => {
    const seen = ['user_name', 'greeting', 'client_roots'].map((key) => inputResponse(answers(ctx), key).kind);
    if (!seen.includes('missing')) return text(seen.join(' '));
    return inputRequired({
      inputRequests: {
        user_name: form('What is your name?', NAME),
        greeting: sampling('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await state.mint({ step: 1 }, ctx),
    });
  });
  tool('test_input_required_result_multi_round', async (_args, ctx) => {
    const step = ctx.mcpReq.requestState()?.step;
    if (step === 2 && acceptedContent(answers(ctx), 'step2')) return text('both steps');
    const next = step === 1 && acceptedContent(answers(ctx), 'step1') ? 2 : 1;
    const colour = object({ color: { type: 'string' } }, ['color']);
    const ask = next === 2 ? { step2: form('Step 2: Which color?', colour) } : { step1: form('Step 1: Your name?', NAME) };
    return inputRequired({ inputRequests: ask, requestState: await state.mint({ step: next }, ctx) });
  });
}

function resources(server) {
  const text_of = (uri, words) => ({ contents: [{ uri, mimeType: 'text/plain', text: words }] });
  const fixed = (name, read) => server.registerResource(name, `test://${name}`, { description: name }, read);
  fixed('static-text', () => text_of('test://static-text', 'This is the content of the static text resource.'));
  fixed('watched-resource', () => text_of('test://watched-resource', 'watched'));
  fixed('static-binary', () => ({ contents: [{ uri: 'test://static-binary', mimeType: 'image/png', blob: PIXEL }] }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { description: 'template' }, (uri, { id }) =>
    text_of(uri.toString(), JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })));
}

function prompts(server) {
  const says = (...contents) => ({ messages: contents.map((content) => ({ role: 'user', content })) });
  const words = (said) => ({ type: 'text', text: said });
  const strings = (...names) =>
    fromJsonSchema(object(Object.fromEntries(names.map((name) => [name, { type: 'string' }])), names));
  server.registerPrompt('test_simple_prompt', { description: 'plain' }, () => says(words('This is a simple prompt.')));
  server.registerPrompt('test_prompt_with_arguments', { description: 'arguments', argsSchema: strings('arg1', 'arg2') },
    ({ arg1, arg2 }) => says(words(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)));
  server.registerPrompt('test_prompt_with_embedded_resource', { description: 'resource', argsSchema: strings('resourceUri') },
    ({ resourceUri }) => says(embedded(resourceUri, 'Embedded resource content for testing.'), words('Please process it.')));
  server.registerPrompt('test_prompt_with_image', { description: 'image' }, () => says(image, words('Please analyze it.')));
  server.registerPrompt('test_input_required_result_prompt', { description: 'asks' }, (ctx) => {
    const context = acceptedContent(ctx.mcpReq.inputResponses, 'user_context')?.context;
    if (context) return says(words(context));
    const requestedSchema = object({ context: { type: 'string' } }, ['context']);
    return inputRequired({
      inputRequests: { user_context: inputRequired.elicit({ message: 'Which context?', requestedSchema }) },
    });
  });
}

function makeServer(era, closeStream) {
  const changes = { listChanged: true };
  const capabilities = { tools: changes, prompts: changes, resources: { subscribe: true, ...changes }, completions: {} };
  if (era === 'legacy') capabilities.logging = {};
  const hint = { ttlMs: 60_000, cacheScope: 'public' };
  const cached = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list', 'resources/read', 'server/discover'];
  const server = new McpServer({ name: 'portcullis-interop', version: '1.0.0' }, {
    capabilities,
    cacheHints: Object.fromEntries(cached.map((method) => [method, hint])),
    requestState: { verify: state.verify },
  });
  plainTools(server);
  talkingTools(server, closeStream);
  if (era === 'modern') askingTools(server);
  resources(server);
  prompts(server);
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0, hasMore: false } }));
  if (era === 'legacy') {
    for (const method of ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']) {
      server.server.setRequestHandler(method, () => ({}));
    }
  }
  return server;
}

// Events are kept, so that a stream that ended can be taken up again (Last-Event-ID).
function eventStore() {
  const events = [];
  return {
    async storeEvent(stream, message) {
      return `${events.push({ stream, message }) - 1}`;
    },
    async getStreamIdForEventId(id) {
      return events[Number(id)]?.stream;
    },
    async replayEventsAfter(id, { send }) {
      const stream = events[Number(id)]?.stream;
      for (const [index, event] of events.entries()) {
        const hasContent = Object.keys(event.message ?? {}).length > 0;
        if (index > Number(id) && event.stream === stream && hasContent) await send(`${index}`, event.message);
      }
      return stream;
    },
  };
}

const sessions = new Map();
async function legacy(request, response, body) {
  const id = request.headers['mcp-session-id'];
  const initialize = [body].flat().some((message) => message?.method === 'initialize');
  if (id === undefined && initialize) {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: eventStore(),
      retryInterval: 500,
      onsessioninitialized: (made) => sessions.set(made, transport),
    });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await makeServer('legacy', (ctx) => transport.closeSSEStream(ctx.mcpReq.id)).connect(transport);
    return transport.handleRequest(request, response, body);
  }
  const transport = sessions.get(id);
  if (transport) return transport.handleRequest(request, response, body);
  const [status, message] = id === undefined ? [400, 'Bad Request: no session'] : [404, 'Session not found'];
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', error: { code: -32001, message }, id: null }));
}

const modern = toNodeHandler(createMcpHandler(() => makeServer('modern', () => {}), { legacy: 'reject' }));

const saw = [];
createServer(async (request, response) => {
  if (request.url === '/saw') return response.end(JSON.stringify(saw));
  const host = request.headers['x-forwarded-host'] ?? request.headers.host ?? '';
  const local = (name) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(name);
  const origin = request.headers.origin;
  if (!local(host) || !local(request.headers.host ?? '') || (origin && !local(origin.replace(/^https?:\/\//, '')))) {
    return response.writeHead(403).end();
  }
  let body;
  if (request.method === 'POST') {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      body = JSON.parse(Buffer.concat(chunks).toString());
    } catch {
      const error = { code: -32700, message: 'Parse error' };
      return response.writeHead(400, { 'content-type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', error, id: null }));
    }
    saw.push({ url: request.url, method: body.method, headers: request.headers });
  }
  const old = request.method !== 'POST' || (await isLegacyRequest(await toWebRequest(request, body)));
  return old ? legacy(request, response, body) : modern(request, response, body);
}).listen(port, '127.0.0.1', () => console.log(`READY http://127.0.0.1:${port}/mcp`));
