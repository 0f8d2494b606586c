// The kind of authentication of an agent, as a mark.
import type { Authentication } from "../api/schemas";
import { Mark } from "../parts/Mark";

const WORDS: Record<Authentication, string> = { oauth: "OAuth", api_key: "API key", public: "Public" };

export function authenticationWord(authentication: Authentication): string {
  return WORDS[authentication];
}

export function AuthenticationMark({ authentication }: { authentication: Authentication }) {
  return <Mark tone={authentication === "public" ? "warn" : "ok"}>{WORDS[authentication]}</Mark>;
}
