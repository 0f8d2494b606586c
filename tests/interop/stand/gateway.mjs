// The gateway as a process, with a configuration of its own in a folder that goes with it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bounded, freePort, start } from './children.mjs';

/** Starts `binary` with `body` (the YAML below `server`); `publicUrl` is what clients call it. */
export async function gateway(binary, body, publicUrl) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-interop-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const [port, ops] = [await freePort(), await freePort()];
  const config = join(folder, 'portcullis.yaml');
  writeFileSync(config, `version: 1
server:
  ops: { address: "127.0.0.1:${ops}" }
  public_url: ${publicUrl}
  listeners:
    - address: 127.0.0.1:${port}
${body}`);
  const running = await start(binary, ['run', '--log-format', 'json', '-c', config], { ready: /\n/ });
  const authority = `127.0.0.1:${port}`;
  const ready = async () => {
    for (;;) {
      try {
        if ((await fetch(`http://127.0.0.1:${ops}/readyz`)).status === 200) return;
      } catch {
        // It does not listen yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await bounded(ready(), 30_000, () => `the gateway is not ready: ${running.said()}`);
  return { authority, said: running.said, stop: running.stop };
}
