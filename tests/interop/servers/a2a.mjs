// An A2A agent on the JavaScript SDK: node a2a.mjs PORT VERSION
//
// It greets whom it is told of, as a task with an artifact, over JSON-RPC and REST, in VERSION 1.0 or 0.3. Its card has the shape
// of that version, names its own address and no security: what callers need is for the gateway to say.
import express from 'express';

import { AGENT_CARD_PATH, Role, TaskState } from '@a2a-js/sdk';
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server';
import { UserBuilder, agentCardHandler, jsonRpcHandler, restHandler } from '@a2a-js/sdk/server/express';

const port = Number(process.argv[2]);
const old = process.argv[3] === '0.3';
const url = `http://127.0.0.1:${port}`;
const bind = (protocolBinding, path) => ({ url: `${url}${path}`, protocolBinding, protocolVersion: old ? '0.3' : '1.0', tenant: '' });
const card = {
  name: 'greeter',
  description: 'Greets.',
  version: '1.0.0',
  provider: undefined,
  supportedInterfaces: [bind('JSONRPC', '/rpc'), bind('HTTP+JSON', '/rest')],
  capabilities: { streaming: true, pushNotifications: false, extendedAgentCard: false, extensions: [] },
  securitySchemes: {},
  securityRequirements: [],
  defaultInputModes: ['text/plain'],
  defaultOutputModes: ['text/plain'],
  skills: [{
    id: 'greet', name: 'greet', description: 'Greets.', tags: ['greeting'], examples: [], inputModes: [], outputModes: [],
    securityRequirements: [],
  }],
  signatures: [],
};

const executor = {
  async execute({ taskId, contextId, userMessage }, bus) {
    const status = (state) => ({ state, message: undefined, timestamp: new Date().toISOString() });
    const words = `Hello, ${userMessage.parts[0].content.value}!`;
    const part = { content: { $case: 'text', value: words }, metadata: undefined, filename: '', mediaType: 'text/plain' };
    const history = [{ ...userMessage, taskId, contextId, role: Role.ROLE_USER }];
    const submitted = status(TaskState.TASK_STATE_SUBMITTED);
    bus.publish(AgentEvent.task({ id: taskId, contextId, status: submitted, artifacts: [], history, metadata: undefined }));
    bus.publish(AgentEvent.artifactUpdate({
      taskId, contextId, append: false, lastChunk: true, metadata: undefined,
      artifact: { artifactId: 'greeting', name: 'greeting', description: '', parts: [part], metadata: undefined, extensions: [] },
    }));
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(TaskState.TASK_STATE_COMPLETED), metadata: undefined }));
    bus.finished();
  },
  async cancelTask() {},
};

const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), executor);
const options = { requestHandler, userBuilder: UserBuilder.noAuthentication, legacyCompat: { enabled: old } };
const app = express();
if (old) {
  const { name, description, version, defaultInputModes, defaultOutputModes } = card;
  const skills = [{ id: 'greet', name: 'greet', description: 'Greets.', tags: ['greeting'] }];
  app.get(`/${AGENT_CARD_PATH}`, (_, response) => response.json({
    protocolVersion: '0.3.0', name, description, version, defaultInputModes, defaultOutputModes, skills,
    url: `${url}/rpc`, preferredTransport: 'JSONRPC', capabilities: { streaming: true, pushNotifications: false },
    additionalInterfaces: [{ url: `${url}/rpc`, transport: 'JSONRPC' }, { url: `${url}/rest`, transport: 'HTTP+JSON' }],
  }));
} else {
  app.use(`/${AGENT_CARD_PATH}`, agentCardHandler({ agentCardProvider: requestHandler }));
}
app.use('/rpc', jsonRpcHandler(options));
app.use('/rest', restHandler(options));
app.listen(port, '127.0.0.1', () => console.log(`READY ${url}`));
