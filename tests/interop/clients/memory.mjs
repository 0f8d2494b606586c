// What a TypeScript client keeps between the steps of its login: an OAuthClientProvider that holds all in memory, and whose
// browser is nobody's.
import { authorize } from '../stand/browser.mjs';

export const REDIRECT = 'http://127.0.0.1:9/callback';

export class Memory {
  redirectUrl = REDIRECT;
  clientMetadata = {
    client_name: 'interop',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  };
  #kept = {};

  clientInformation() { return this.#kept.client; }
  saveClientInformation(client) { this.#kept.client = client; }
  tokens() { return this.#kept.tokens; }
  saveTokens(tokens) { this.#kept.tokens = tokens; }
  codeVerifier() { return this.#kept.verifier; }
  saveCodeVerifier(verifier) { this.#kept.verifier = verifier; }
  discoveryState() { return this.#kept.discovery; }
  saveDiscoveryState(state) { this.#kept.discovery = state; }
  async redirectToAuthorization(url) { this.#kept.landed = await authorize(url, REDIRECT); }

  /** The parameters of the redirect that came back to the client. */
  landed() {
    const { landed } = this.#kept;
    delete this.#kept.landed;
    if (!landed) throw new Error('the client did not begin to log in');
    if (!landed.searchParams.has('code')) throw new Error(`no code came back: ${landed}`);
    return landed.searchParams;
  }
}

/** Does something that may ask for a login once, and does it again after it. */
export async function loggedIn(attempt, finish, memory, Unauthorized) {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof Unauthorized)) throw error;
    await finish(memory.landed());
    return attempt();
  }
}
