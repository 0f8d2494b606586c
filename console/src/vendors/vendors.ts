// Well-known identity providers: the form of their issuer, their usual pitfall, and how to request a token for an
// audience.

export interface Parameter {
  name: string;
  label: string;
  placeholder: string;
  /** The value when nothing is typed. */
  usual?: string;
}

/** The parameters of a token request besides the client. */
export interface TokenRequest {
  scope?: string;
  audience?: string;
  resource?: string;
}

export interface Vendor {
  id: string;
  name: string;
  /** The parts of its issuer. */
  parameters: Parameter[];
  issuer: (values: Record<string, string>) => string;
  /** Whether an issuer is of this vendor. */
  fits: (issuer: URL) => boolean;
  /** The usual mistake. */
  pitfall: string;
  /** The parameters with client credentials; `null` when that grant does not exist, and `how` is the command. */
  request: ((audience: string | null, scopes: string[]) => TokenRequest) | null;
  how?: string;
}

/** The domain in pasted text, which may have a scheme and a path. */
const host = (typed: string) =>
  typed
    .trim()
    .replace(/^https?:\/\//i, "")
    .replace(/\/.*$/, "");
const scopeOnly = (_: string | null, scopes: string[]): TokenRequest =>
  scopes.length ? { scope: scopes.join(" ") } : {};

export const VENDORS: Vendor[] = [
  {
    id: "entra",
    name: "Microsoft Entra ID",
    parameters: [{ name: "tenant", label: "Tenant ID", placeholder: "00000000-0000-0000-0000-000000000000" }],
    issuer: ({ tenant }) => `https://login.microsoftonline.com/${tenant}/v2.0`,
    fits: ({ hostname }) => hostname === "login.microsoftonline.com" || hostname === "sts.windows.net",
    pitfall:
      "Entra puts this issuer into tokens of an app registration only when its manifest has requestedAccessTokenVersion: 2; otherwise it is https://sts.windows.net/TENANT/. The audience is then the client ID of the API, not api://…. Tokens for Microsoft Graph cannot be verified by anyone else.",
    request: (audience) =>
      audience ? { scope: `${guid(audience) ? `api://${audience}` : audience}/.default` } : {},
  },
  {
    id: "okta",
    name: "Okta",
    parameters: [
      { name: "domain", label: "Okta domain", placeholder: "example.okta.com" },
      { name: "server", label: "Authorization server", placeholder: "default", usual: "default" },
    ],
    issuer: ({ domain = "", server }) => `https://${host(domain)}/oauth2/${server}`,
    fits: ({ hostname }) => /\.(okta|oktapreview|okta-emea)\.com$/.test(hostname),
    pitfall:
      "Use a custom authorization server, such as “default”. Tokens of the org server (https://DOMAIN without /oauth2/…) cannot be verified by anyone else. The audience is that of the authorization server, api://default unless you changed it, and a scope must be asked for.",
    request: scopeOnly,
  },
  {
    id: "auth0",
    name: "Auth0",
    parameters: [{ name: "domain", label: "Auth0 domain", placeholder: "example.eu.auth0.com" }],
    issuer: ({ domain = "" }) => `https://${host(domain)}/`,
    fits: ({ hostname }) => hostname.endsWith(".auth0.com"),
    pitfall:
      "The issuer ends in a slash. A token request must name the audience (the identifier of the API in Auth0); without it Auth0 gives an opaque token, which no gateway can verify.",
    request: (audience, scopes) => ({
      ...(audience ? { audience } : {}),
      ...(scopes.length ? { scope: scopes.join(" ") } : {}),
    }),
  },
  {
    id: "keycloak",
    name: "Keycloak",
    parameters: [
      { name: "base", label: "Base URL", placeholder: "https://sso.example.com" },
      { name: "realm", label: "Realm", placeholder: "main" },
    ],
    issuer: ({ base = "", realm }) => `${base.trim().replace(/\/+$/, "")}/realms/${realm}`,
    fits: ({ pathname }) => /\/realms\/[^/]+\/?$/.test(pathname),
    pitfall:
      "The audience is “account” until a client scope with an Audience mapper adds that of your agent: give that scope to each client. The issuer has the host name by which the caller reached Keycloak, unless its hostname setting fixes one. Before version 17 the path began with /auth.",
    request: scopeOnly,
  },
  {
    id: "google",
    name: "Google",
    parameters: [],
    issuer: () => "https://accounts.google.com",
    fits: ({ hostname }) => hostname === "accounts.google.com",
    pitfall:
      "Google's access tokens are opaque. Only its ID tokens can be verified here: their audience is what the caller asked for, they have no scopes, and everybody with a Google account can get one. Add a claim rule, such as on email or hd.",
    request: null,
    how: "gcloud auth print-identity-token --audiences=AUDIENCE",
  },
  {
    id: "cognito",
    name: "Amazon Cognito",
    parameters: [
      { name: "region", label: "Region", placeholder: "eu-central-1" },
      { name: "pool", label: "User pool ID", placeholder: "eu-central-1_AbCdEf123" },
    ],
    issuer: ({ region, pool }) => `https://cognito-idp.${region}.amazonaws.com/${pool}`,
    fits: ({ hostname }) => /^cognito-idp\..+\.amazonaws\.com$/.test(hostname),
    pitfall:
      "Access tokens of Cognito have no aud: set the audience claim of the agent to client_id, and list the client IDs as audiences. Scopes are written RESOURCE-SERVER/SCOPE.",
    request: scopeOnly,
  },
  {
    id: "github",
    name: "GitHub Actions",
    parameters: [],
    issuer: () => "https://token.actions.githubusercontent.com",
    fits: ({ hostname }) => hostname === "token.actions.githubusercontent.com",
    pitfall:
      "Every workflow on GitHub can get a token of this issuer for any audience. Add a claim rule to the agent: sub is one of repo:ORGANISATION/*, or repository is one of yours.",
    request: null,
    how: 'curl -s -H "Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=AUDIENCE_IN_URL" | jq -r .value   # the job needs permissions: id-token: write',
  },
  {
    id: "kubernetes",
    name: "Kubernetes service accounts",
    parameters: [
      {
        name: "issuer",
        label: "Issuer of the cluster",
        placeholder: "https://kubernetes.default.svc.cluster.local",
        usual: "https://kubernetes.default.svc.cluster.local",
      },
    ],
    issuer: ({ issuer = "" }) => issuer.trim(),
    fits: ({ hostname }) => hostname.startsWith("kubernetes.default.svc"),
    pitfall:
      "kubectl get --raw /.well-known/openid-configuration names the issuer. The API server shows its keys only to authorized clients: bind system:service-account-issuer-discovery to system:unauthenticated and give the gateway the cluster's CA file, or paste the key set (kubectl get --raw /openid/v1/jwks) as inline JWKS. Pods need a projected token with your audience, and a claim rule on sub says which.",
    request: null,
    how: "kubectl create token SERVICE-ACCOUNT --audience AUDIENCE",
  },
];

const guid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/** The issuer for the parameters; `null` while one is missing. */
export function issuerFrom(vendor: Vendor, typed: Record<string, string>): string | null {
  const values: Record<string, string> = {};
  for (const { name, usual = "" } of vendor.parameters) {
    const value = (typed[name] ?? "").trim() || usual;
    if (!value) return null;
    values[name] = value;
  }
  return vendor.issuer(values);
}

/** The vendor of an issuer; `null` when it is none of these. */
export function vendorOf(issuer: string): Vendor | null {
  try {
    const url = new URL(issuer);
    return VENDORS.find((vendor) => vendor.fits(url)) ?? null;
  } catch {
    return null;
  }
}
