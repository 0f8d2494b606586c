// Request headers as people type them: a line each, "Name: value".

export function parseHeaders(typed: string): { headers: [string, string][]; wrong: string | null } {
  const headers: [string, string][] = [];
  for (const line of typed.split("\n")) {
    if (!line.trim()) continue;
    const colon = line.indexOf(":");
    if (colon < 1) return { headers, wrong: `“${line.trim()}” is no header: write Name: value.` };
    headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }
  return { headers, wrong: null };
}
