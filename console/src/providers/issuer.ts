// Corrects common mistakes in a typed issuer, and finds the issuer that the metadata of a provider names.

const WELL_KNOWN = [
  "/.well-known/openid-configuration",
  "/.well-known/oauth-authorization-server",
  "/.well-known/jwks.json",
];

export interface Hint {
  issuer: string;
  why: string;
}

/** A likely correction of the typed issuer; `null` when it looks right. */
export function hintOf(typed: string): Hint | null {
  const text = typed.trim();
  if (!text) return null;
  const withScheme = /^[a-z][a-z0-9+.-]*:/i.test(text) && !/^[^/:]+:\d+(\/|$)/.test(text);
  if (!withScheme) {
    const looksLikeHost = /^[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(\/\S*)?$/i.test(text);
    return looksLikeHost
      ? (hintOf(`https://${text}`) ?? { issuer: `https://${text}`, why: "An issuer is a URL." })
      : null;
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return null;
  }
  for (const suffix of WELL_KNOWN) {
    const at = url.pathname.indexOf(suffix);
    if (at < 0) continue;
    // RFC 8414 inserts the well-known part before the path of the issuer, OpenID Connect appends it.
    const path = url.pathname.slice(0, at) + url.pathname.slice(at + suffix.length);
    return { issuer: url.origin + path, why: "This is the address of the metadata, not the issuer." };
  }
  return null;
}

/** The issuer in the metadata of the provider, when a probe says that it is another one. */
export function namedIssuer(problems: { message: string }[]): string | null {
  for (const { message } of problems) {
    const named = /names the issuer "((?:[^"\\]|\\.)*)", not /.exec(message)?.[1];
    if (named !== undefined) return named.replace(/\\(["\\])/g, "$1");
  }
  return null;
}
