// A tool that wants one scope more than the agent: what each client makes of the refusal that names it.
import { run } from '../stand/children.mjs';
import { check, equal, holds } from '../stand/report.mjs';
import { gate, ownServer, provider } from '../stand/site.mjs';
import { CLIENTS, agents, issued } from './logins.mjs';

const TOOL = 'test_image_content';
// The 1.x client has a refresh token by then: it refreshes instead of asking for more, and ends when the second refusal is
// byte for byte the first.
const STEPS_UP = (name) => !name.includes('1.x');

const RULES = `    mcp:
      rules:
        unlisted: allow
        tools:
          ${TOOL}: { scopes: { all_of: ["tools:admin"] } }
`;

export async function stepup(binary) {
  const [upstream, issuer] = [await ownServer(), await provider()];
  const site = await gate(binary, agents(issuer, upstream, RULES));
  for (const [name, [command, script, ...more]] of Object.entries(CLIENTS)) {
    const ends = STEPS_UP(name) ? 'asks for the scope and calls' : 'ends after two refusals';
    await check(`${name}, refused a tool for want of a scope, ${ends}`, async () => {
      site.taken();
      await issued(issuer);
      const args = [script, `${site.url}/tools/mcp`, TOOL, '{}', ...more];
      const { code, stdout, stderr } = await run(command, args, { within: 30_000 });
      const refusals = site.taken().filter(({ status }) => status === 403);
      const scopes = (await issued(issuer)).map(({ scope }) => scope ?? '');
      for (const { challenge } of refusals) {
        holds(/error="insufficient_scope"/.test(challenge), `the challenge: ${challenge}`);
        holds(/scope="tools:use tools:admin"/.test(challenge), `the scopes of the challenge: ${challenge}`);
      }
      if (STEPS_UP(name)) {
        holds(code === 0, `it ended with ${code}: ${stderr.slice(-900)}`);
        equal(JSON.parse(stdout.trim().split('\n').at(-1)).content[0].type, 'image', 'what the tool gave');
        equal(refusals.length, 1, 'refusals');
        return `tokens for ${scopes.map((scope) => `"${scope}"`).join(', then ')}`;
      }
      holds(code !== 0, 'it steps up now: say so in docs/, and expect it here');
      holds(refusals.length >= 1 && refusals.length <= 2, `${refusals.length} refusals`);
      return `${refusals.length} refusals`;
    });
  }
  site.close();
}
