// The processes that this run starts, each by its id, and all of them ended when the run ends, however it ends.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

const running = new Set();

/** Starts a process and waits for a line that matches `ready`; gives what the pattern caught. */
export async function start(command, args, { ready, env = {}, within = 30_000 } = {}) {
  const child = launch(command, args, env);
  let said = '';
  const caught = new Promise((resolve, reject) => {
    const read = (chunk) => {
      said = (said + chunk).slice(-20_000);
      const match = ready.exec(said);
      if (match) resolve(match);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new Error(`${command} ${args[0]} ended with ${code}: ${said.slice(-2_000)}`)));
    child.on('error', reject);
  });
  const match = await bounded(caught, within, () => `${command} ${args[0]} is not ready: ${said.slice(-2_000)}`);
  return { child, match, said: () => said, stop: () => stop(child) };
}

/** Runs a process to its end; `heard` sees each piece of its output and may write to its input. */
export async function run(command, args, { env = {}, input, heard = () => {}, within = 60_000 } = {}) {
  const child = launch(command, args, env);
  const out = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].on('data', (chunk) => {
      out[name] += chunk;
      heard(name, out[name], child);
    });
  }
  if (input !== undefined) child.stdin.end(input);
  const ended = new Promise((resolve, reject) => {
    child.on('close', (code) => resolve({ code, ...out }));
    child.on('error', reject);
  });
  try {
    return await bounded(ended, within, () => `${command} ${args[0]} did not end: ${out.stderr.slice(-2_000)}`);
  } finally {
    await stop(child);
  }
}

/** Ends everything that is still running. */
export async function stopAll() {
  await Promise.all([...running].map(stop));
}

/** A port of loopback that nothing listens on now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** The promise, or an error with `words()` when it takes longer. */
export async function bounded(promise, milliseconds, words) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(words())), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function launch(command, args, env) {
  // A group of its own, so that what it starts ends with it.
  const child = spawn(command, args, { env: { ...process.env, ...env }, detached: true });
  child.stdout.setEncoding('utf8');
  child.stderr.setEncoding('utf8');
  child.stdin.on('error', () => {});
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

async function stop(child) {
  if (child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const alive = child.exitCode === null && child.signalCode === null;
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      return;
    }
    if (!alive) return;
    await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    if (child.exitCode !== null || child.signalCode !== null) return;
  }
}

process.on('exit', () => {
  for (const child of running) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended in the meantime.
    }
  }
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130));
