// A browser of nobody: follows an authorization URL with its cookies, and says which code came back to the client.

/** The redirect that reaches `redirectUri`, as a URL. */
export async function authorize(url, redirectUri) {
  const jar = new Map();
  let next = new URL(url);
  for (let hops = 0; hops < 10; hops += 1) {
    if (next.href.startsWith(redirectUri)) return next;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(next, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    for (const set of answer.headers.getSetCookie()) {
      const [name, value] = set.split(';')[0].split('=');
      jar.set(name, value);
    }
    const location = answer.headers.get('location');
    if (!location) throw new Error(`no redirect from ${next}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
    next = new URL(location, next);
  }
  throw new Error('the authorization server redirects without end');
}
