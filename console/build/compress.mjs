// The last step of the build: writes a .br and a .gz beside each text file of dist, so that the gateway sends
// them as they are and never compresses on the way. Prints what the console weighs.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const dist = new URL("../dist/", import.meta.url).pathname;
const text = new Set([".html", ".js", ".css", ".svg", ".json", ".map", ".md", ".txt"]);
const total = { raw: 0, gz: 0, br: 0 };

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  // index.html gets its nonce with each answer, so it cannot be compressed ahead.
  if (!entry.isFile() || !text.has(extname(entry.name)) || entry.name === "index.html") continue;
  const path = join(entry.parentPath, entry.name);
  const body = await readFile(path);
  const [gz, br] = await Promise.all([
    promisify(gzip)(body, { level: 9 }),
    promisify(brotliCompress)(body, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_SIZE_HINT]: body.length,
      },
    }),
  ]);
  await Promise.all([writeFile(`${path}.gz`, gz), writeFile(`${path}.br`, br)]);
  if ([".js", ".css"].includes(extname(entry.name))) {
    total.raw += body.length;
    total.gz += gz.length;
    total.br += br.length;
  }
}

const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(`scripts and styles: ${kb(total.raw)} raw, ${kb(total.gz)} gzip, ${kb(total.br)} brotli`);
