import { describe, expect, it } from "vitest";
import { tokenRequestFor, tokenLine, requirementsOf } from "./tokenRequest";
import { VENDORS, issuerFrom, vendorOf } from "./vendors";

const vendor = (id: string) => VENDORS.find((one) => one.id === id)!;

describe("a template makes the issuer", () => {
  it.each([
    ["entra", { tenant: "t-1" }, "https://login.microsoftonline.com/t-1/v2.0"],
    ["okta", { domain: "https://a.okta.com/" }, "https://a.okta.com/oauth2/default"],
    ["okta", { domain: "a.okta.com", server: "aus1" }, "https://a.okta.com/oauth2/aus1"],
    ["auth0", { domain: "a.eu.auth0.com" }, "https://a.eu.auth0.com/"],
    ["keycloak", { base: "https://sso.example.com/", realm: "main" }, "https://sso.example.com/realms/main"],
    ["google", {}, "https://accounts.google.com"],
    [
      "cognito",
      { region: "eu-west-1", pool: "eu-west-1_A" },
      "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_A",
    ],
    ["github", {}, "https://token.actions.githubusercontent.com"],
    ["kubernetes", {}, "https://kubernetes.default.svc.cluster.local"],
  ])("%s with %j", (id, typed, issuer) => {
    expect(issuerFrom(vendor(id), typed as Record<string, string>)).toBe(issuer);
    expect(vendorOf(issuer)?.id).toBe(id);
  });
  it("only when nothing is missing", () => expect(issuerFrom(vendor("keycloak"), { realm: "a" })).toBeNull());
  it("and an issuer of none is of none", () => {
    expect(vendorOf("https://idp.example.com")).toBeNull();
    expect(vendorOf("nonsense")).toBeNull();
  });
});

describe("a token is requested as the provider requires", () => {
  const wants = { audiences: ["api://refunds"], scopes: ["refunds:write"] };
  it.each([
    ["https://login.microsoftonline.com/t/v2.0", { scope: "api://refunds/.default" }],
    ["https://a.eu.auth0.com/", { audience: "api://refunds", scope: "refunds:write" }],
    ["https://a.okta.com/oauth2/default", { scope: "refunds:write" }],
    [
      "https://idp.example.com",
      { scope: "refunds:write", audience: "api://refunds", resource: "api://refunds" },
    ],
  ])("%s", (issuer, request) => expect(tokenRequestFor(issuer, wants)).toEqual(request));
  it("an audience that is no URI is no resource", () => {
    expect(tokenRequestFor("https://idp.example.com", { audiences: ["refunds"], scopes: [] })).toEqual({
      audience: "refunds",
    });
  });
});

describe("what an agent requires of a token", () => {
  const spec = (scopes: object) => ({ auth: { oauth: { audiences: ["a"], scopes } } }) as never;
  it.each([
    [{ all_of: ["x"], any_of: ["y", "z"] }, ["x", "y"]],
    [{ all_of: ["x", "z"], any_of: ["y", "z"] }, ["x", "z"]],
    [{}, []],
  ])("%j", (scopes, enough) => expect(requirementsOf(spec(scopes)).scopes).toEqual(enough));
});

describe("the line that fetches a token", () => {
  const wants = { audiences: ["it's"], scopes: [] };
  it("is safe in a shell", () => {
    expect(tokenLine("https://idp.example.com", "https://idp.example.com/t?a=$(id)", wants)).toBe(
      [
        `TOKEN=$(curl -s -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials`,
        `--data-urlencode 'audience=it'\\''s'`,
        `'https://idp.example.com/t?a=$(id)' | jq -r .access_token)`,
      ].join(" \\\n  "),
    );
  });
  it("leaves the endpoint to the reader when it is not known", () => {
    expect(tokenLine("https://idp.example.com", null, wants)).toContain('"$TOKEN_ENDPOINT"');
  });
  it("is another one where clients have no secret", () => {
    const line = tokenLine("https://kubernetes.default.svc", null, { audiences: ["a"], scopes: [] });
    expect(line).toBe("TOKEN=$(kubectl create token SERVICE-ACCOUNT --audience a)");
  });
});
