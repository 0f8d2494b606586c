// The words for a resource such as agents/refunds, and its page.

const KINDS: Record<string, { word: string; page: string | null }> = {
  agents: { word: "agent", page: "/agents/" },
  identity_providers: { word: "identity provider", page: "/identity-providers/" },
  limits: { word: "limit", page: "/limits/" },
  api_keys: { word: "API key", page: null },
};

function parts(resource: string): [string, string] {
  const slash = resource.indexOf("/");
  return slash < 0 ? [resource, ""] : [resource.slice(0, slash), resource.slice(slash + 1)];
}

/** "agent refunds" */
export function wordsOf(resource: string): string {
  const [kind, name] = parts(resource);
  return `${KINDS[kind]?.word ?? kind} ${name}`.trim();
}

/** The page of a resource; `null` when it has none of its own. */
export function pageOf(resource: string): string | null {
  const [kind, name] = parts(resource);
  const page = KINDS[kind]?.page;
  return page ? page + encodeURIComponent(name) : null;
}
