import { describe, expect, it } from "vitest";
import { hintOf, namedIssuer } from "./issuer";

describe("what was meant by an issuer", () => {
  it.each([
    ["https://idp.example.com/.well-known/openid-configuration", "https://idp.example.com"],
    ["https://idp.example.com/realms/a/.well-known/openid-configuration", "https://idp.example.com/realms/a"],
    ["https://idp.example.com/.well-known/oauth-authorization-server/t1", "https://idp.example.com/t1"],
    ["idp.example.com/.well-known/openid-configuration", "https://idp.example.com"],
    ["accounts.google.com", "https://accounts.google.com"],
    ["localhost.example:8080/realms/a", "https://localhost.example:8080/realms/a"],
  ])("%s means %s", (typed, issuer) => expect(hintOf(typed)?.issuer).toBe(issuer));
  it.each(["", "https://idp.example.com", "https://idp.example.com/", "urn:example:idp", "corp"])(
    "%j is taken as it is",
    (typed) => expect(hintOf(typed)).toBeNull(),
  );
});

describe("the issuer that a provider names", () => {
  it("is read from what the probe says", () => {
    const message = 'discovery: https://a/x names the issuer "https://a/", not "https://a"';
    expect(namedIssuer([{ message: "other" }, { message }])).toBe("https://a/");
  });
  it("is not guessed", () => expect(namedIssuer([{ message: "answered 404" }])).toBeNull());
});
