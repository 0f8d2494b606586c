// Made from docs/openapi.json by "npm run types"; change the type that the gateway serves instead.

export type Json = null | boolean | number | string | Json[] | { [member: string]: Json };
export type JsonObject = { [member: string]: Json };

/** The kind of a change of a resource. */
export type Action = "created" | "updated" | "deleted";

/** The card of an agent that speaks A2A. */
export interface AgentCard {
  /** What people give to their client. */
  client_url: string;

  /** Why it failed. */
  failure: string | null;

  /** When the agent's own card last came or was confirmed; absent for a card from a file. */
  fetched_at: string | null;

  /** Whether the last fetch failed, so that what is served is of before. */
  is_stale: boolean;

  /** The text that is served; absent while none is. */
  served: string | null;
  signature: "none" | "stripped" | "resigned" | "passed" | null;
  source: "rewrite" | "passthrough" | "file";
  state: CardServing;

  /** The text that last came from the agent; absent for a card from a file. */
  upstream: string | null;

  /** Where the card is served. */
  urls: string[];

  /** What is to be looked at in what was made of the agent's card. */
  warnings: string[];
}

/** An agent with all details. */
export interface AgentDetail {
  api_keys: number;

  /** The audiences of which a token must name one: those that are written, and those that the URL of an agent gives that
speaks MCP. Empty where tokens for any audience are accepted, and where no token is. */
  audiences: string[];
  authentication: Authentication;

  /** What people give to their client: with the endpoint of MCP, or with the slash at the end that clients of A2A need. */
  client_url: string;
  display_name: string | null;
  enforcement: "enforce" | "shadow";
  etag: string;
  file: string;
  identity_providers: string[];
  last_upstream_failure: LastUpstreamFailure | null;
  managed_by: ManagedBy;
  name: string;
  protocol: AgentProtocol;
  route: AgentRoute;

  /** As it is written. A file written by hand can hold a number where text is expected. */
  spec: JsonObject;
  traffic: AgentTraffic;
  upstream: string;
  upstream_failures_5m: number;
  upstream_health: UpstreamHealth;
  url: string;
}

/** What a client finds that knows nothing but the URL of an agent. */
export interface AgentDiscovery {
  client_url: string;
  first_call: FirstCall;

  /** The metadata at each place where clients look; empty for an agent without OAuth. */
  metadata: MetadataPlace[];
  origin_source: OriginSource;
  page: PageAnswer;
}

/** What an agent speaks. */
export type AgentProtocol = "http" | "mcp" | "a2a";

/** The requests that are routed to an agent. */
export interface AgentRoute {
  /** The one entry of `hosts`, when there is exactly one. */
  host: string | null;
  hosts: string[];
  methods: string[];
  path: string;
  strip_path: boolean;
}

export interface AgentSpec {
  /** what the gateway does for an agent that speaks a2a */
  a2a?: {
    /** the card that is served: rewrite (the agent's, with the gateway's URLs and credentials), passthrough (the agent's, as it is), or a file; default rewrite */
    card?:
      | "rewrite"
      | "passthrough"
      | {
          /** the file with the card (JSON), served byte for byte */
          file: string;
        };

    /** the longest message that is read; longer ones get 413; 1KiB to 64MiB; default 10MiB */
    max_message?: number | string;

    /** where the agent may send push notifications */
    push?: {
      /** the hosts that URLs for push notifications may name; none: such URLs are refused; default [] */
      allow_hosts?: string[];
    };

    /** who may use which operation; absent: whoever may call the agent may use all */
    rules?: {
      /** rules for operations, by their names in A2A 1.0 */
      operations?: Record<
        string,
        | "deny"
        | "allow"
        | "public"
        | {
            /** claims that the token must have for this */
            claims?: {
              /** every one of these rules; default [] */
              all_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];

              /** at least one of these rules; default [] */
              any_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];
            };

            /** what the token must be besides for this */
            require?: {
              /** `acr` must be one of these; no class counts as better than another; default [] */
              acr_values?: string[];

              /** who may act for the subject of a token (`act`); default not looked at */
              actor?: {
                /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
                allow?: {
                  /** `iss` of the actor; where `act` has none, that of the token */
                  issuer: string;

                  /** `sub` of the actor */
                  sub: string;
                }[];

                /** the most actors in the chain; 1 to 16; default 3 */
                max_depth?: number;

                /** refuse tokens without an actor; default false */
                required?: boolean;
              };

              /** `amr` must name one of these ways to log in; default [] */
              amr_any?: string[];

              /** the clients that tokens may be issued to */
              clients?: {
                /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
                allow?: string[];

                /** client ids that are refused, likewise, also where `allow` names them; default [] */
                deny?: string[];
              };

              /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
              max_auth_age?: string;

              /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
              token_profile?: "any" | "rfc9068";
            };

            /** scopes that the token must have for this */
            scopes?: {
              /** every one of these; default [] */
              all_of?: string[];

              /** at least one of these; default [] */
              any_of?: string[];
            };
          }
      >;

      /** what becomes of operations that no rule names, and of unknown methods and paths: deny or allow */
      unlisted: "deny" | "allow";
    };

    /** what becomes of the signatures of a card that is rewritten: strip them, resign (sign the card with the gateway's key, signed or not), or refuse a card that is signed; default strip */
    signatures?: "strip" | "resign" | "refuse";
  };

  /** what the gateway tells the agent of its callers, in a JWT that it signs; absent is nothing */
  assertion?: {
    /** the algorithm of the signature; the gateway has a key for each that an agent names; default ES256 */
    alg?: "ES256" | "EdDSA";

    /** `aud`; default the origin of the agent's URL, where it has one */
    audience?: string;

    /** what it says of a caller with a token: sub, client_id, scope, act.sub (the one who acts now), acr, or another top-level claim */
    claims?: string[];

    /** the header in which the agent gets the assertion; callers' own are removed, at every agent; default X-Portcullis-Assertion */
    header?: string;

    /** whether requests of callers who have proven nothing have one, too; default false */
    on_public?: boolean;

    /** how long it is good, at most; never longer than the caller's credential; 5s to 1h; default 1m */
    ttl?: string;
  };

  /** who may call: exactly one of oauth, api_key, or the word public */
  auth:
    | "public"
    | {
        /** callers bring one of `api_keys` */
        api_key?: {
          /** the request header with the key; default X-API-Key */
          header?: string;

          /** the word before the key, such as Bearer; "" is the bare key; default "" */
          prefix?: string;
        };

        /** callers bring a token of an identity provider */
        oauth?: {
          /** other places of the token: websocket_protocol, `query: NAME`, `cookie: NAME`; default [] */
          also?: (
            | "websocket_protocol"
            | {
                /** the cookie with the token; it is removed before the agent */
                cookie?: string;

                /** the query parameter with the token; it is removed before the agent */
                query?: string;
              }
          )[];

          /** whether, at an agent that speaks MCP, the forms of its URL under `public_url` are audiences too: resource, or custom: those of `audiences` alone; default resource */
          audience?: "resource" | "custom";

          /** the claim that names the audience: aud, or client_id where tokens have no `aud`; default aud */
          audience_claim?: "aud" | "client_id";

          /** `aud` must name one of these; empty does not check the audience, but for an agent that speaks MCP; default [] */
          audiences?: string[];

          /** a claim for a header that is not ASCII: refuse the caller, omit the header, or write it into a second one, `NAME*`, as RFC 8187 says; default refuse */
          claim_header_text?: "refuse" | "omit" | "rfc8187";

          /** claims that the agent gets as headers: claim to header name */
          claim_headers?: Record<string, string>;

          /** claims that the token must have */
          claims?: {
            /** every one of these rules; default [] */
            all_of?: {
              /** the name of the claim; dots walk into objects */
              claim: string;

              /** compare the names of the members of an object; default false */
              keys_of?: boolean;

              /** the claim must be one of these, by JSON type; a text may end in `*` */
              values: (string | number | boolean)[];
            }[];

            /** at least one of these rules; default [] */
            any_of?: {
              /** the name of the claim; dots walk into objects */
              claim: string;

              /** compare the names of the members of an object; default false */
              keys_of?: boolean;

              /** the claim must be one of these, by JSON type; a text may end in `*` */
              values: (string | number | boolean)[];
            }[];
          };

          /** send the header to the agent as it came, or the token in another header; default false */
          forward_token?:
            | boolean
            | {
                /** the header in which the agent gets the token; the caller's own are removed */
                header: string;

                /** keep: the value as it came, such as `Bearer TOKEN`; strip: the token alone; default keep */
                scheme?: "keep" | "strip";
              };

          /** the request header with the token; default Authorization */
          header?: string;

          /** what is wanted although it is dangerous: token_passthrough: `forward_token` at an agent that speaks MCP; default [] */
          i_know?: "token_passthrough"[];

          /** whose tokens are accepted: names of `identity_providers` */
          identity_providers: string[];

          /** the longest `exp` - `iat`; 1s to 3660d; default not limited */
          max_token_lifetime?: string;

          /** the word before the token; "" is the bare token; default Bearer */
          prefix?: string;

          /** what a token must be besides: how and when the user logged in, for which client, who acts for the user */
          require?: {
            /** `acr` must be one of these; no class counts as better than another; default [] */
            acr_values?: string[];

            /** who may act for the subject of a token (`act`); default not looked at */
            actor?: {
              /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
              allow?: {
                /** `iss` of the actor; where `act` has none, that of the token */
                issuer: string;

                /** `sub` of the actor */
                sub: string;
              }[];

              /** the most actors in the chain; 1 to 16; default 3 */
              max_depth?: number;

              /** refuse tokens without an actor; default false */
              required?: boolean;
            };

            /** `amr` must name one of these ways to log in; default [] */
            amr_any?: string[];

            /** the clients that tokens may be issued to */
            clients?: {
              /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
              allow?: string[];

              /** client ids that are refused, likewise, also where `allow` names them; default [] */
              deny?: string[];
            };

            /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
            max_auth_age?: string;

            /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
            token_profile?: "any" | "rfc9068";
          };

          /** scopes that the token must have */
          scopes?: {
            /** every one of these; default [] */
            all_of?: string[];

            /** at least one of these; default [] */
            any_of?: string[];
          };

          /** tokens that are bound to a key or a certificate of their holder; default: they are refused */
          sender_constraint?: {
            /** the algorithms of proofs; default ES256, ES384, EdDSA, PS256 and RS256 */
            algorithms?: (
              | "RS256"
              | "RS384"
              | "RS512"
              | "PS256"
              | "PS384"
              | "PS512"
              | "ES256"
              | "ES384"
              | "ES512"
              | "EdDSA"
              | "Ed25519"
            )[];

            /** `[dpop, mtls]`: a token must be bound in one of these ways; a mode that is off counts as optional then; default [] */
            any_of?: ("dpop" | "mtls")[];

            /** a token that is bound where dpop and mtls are off: refuse, or ignore: take it as a bearer token; default refuse */
            cnf?: "refuse" | "ignore";

            /** tokens that are bound to a key of their holder (DPoP, `cnf.jkt`): off refuses them, optional wants a proof with each request, required refuses all others as well; default off */
            dpop?: "off" | "optional" | "required";

            /** how far `iat` of a proof may be from now, either way; 3s to 1h; default 5m */
            max_age?: string;

            /** tokens that are bound to the certificate of the client (`cnf.x5t#S256`): off refuses them, optional wants that certificate, required refuses all others as well; default off */
            mtls?: "off" | "optional" | "required";

            /** off, or required: a proof must have a nonce of the gateway; or mode, age and key_file; default off */
            nonce?:
              | "off"
              | "required"
              | {
                  /** how long a nonce is accepted; half as long as that one is given out; 1s to 1h; default 1m */
                  age?: string;

                  /** the file with the key that makes nonces, for gateways that share a load: 32 bytes, or 64 hexadecimal digits, and below them the key before, if there was one; read again when it changes. Default: a key of the process */
                  key_file?: string;

                  /** off, or required: a proof must have a nonce of the gateway */
                  mode: "off" | "required";
                };

            /** the most proofs that are remembered, so that none passes twice; a key holds at most a hundredth of them; 16 to 10000000; default 200000 */
            replay_entries?: number;
          };
        };
      };

  /** answers to browsers of other origins; absent is none */
  cors?:
    | string
    | {
        /** whether browsers may send cookies along; default false */
        allow_credentials?: boolean;

        /** request headers; empty is the credential header and Content-Type; default [] */
        allowed_headers?: string[];

        /** request methods; empty is GET, HEAD, POST; default [] */
        allowed_methods?: string[];

        /** origins such as https://app.example.com or https://*.example.com, or "*" for all; must be there without a preset, and is all with one */
        allowed_origins?: string[];

        /** response headers that a page may read; default [] */
        exposed_headers?: string[];

        /** how long a browser may remember the answer; 0s to 30d; default 1h */
        max_age?: string;

        /** mcp: what clients of MCP in a browser need, to which the lists here are added; may stand for the whole mapping */
        preset?: "mcp";
      };

  /** the name that people see; default the agent's name */
  display_name?: string;

  /** enforce, or shadow: decide, count and log, but let through; default enforce */
  enforcement?: "enforce" | "shadow";

  /** how often, and how many at once, its callers may ask; default [] */
  limits?: {
    /** how many requests of a rate are let in at once when none was made for long; 1 to 1000000; default the count of the rate */
    burst?: number;

    /** so many requests under way at once, streams included; this, `rate` or `quota`; 1 to 1000000 */
    concurrent?: number;

    /** all: requests that pass the rules; failed: those refused with 401, after which every request of the address is refused; default all */
    count?: "all" | "failed";

    /** how the members of a fleet count: local_share: each its part; shared: together in Redis, in the background; strict: each request asks Redis; the last two need `server.shared_state`; default local_share, and shared of a quota */
    counting?: "local_share" | "shared" | "strict";

    /** enforce, or shadow: count only; default enforce */
    enforcement?: "enforce" | "shadow";

    /** what it is called in metrics, logs and responses; once in a list */
    name: string;

    /** while Redis is away: share: each member lets its part in; allow: all pass; deny: all get 503; default share */
    on_loss?: "share" | "allow" | "deny";

    /** what it counts by: principal (issuer and subject of a token, or the API key), client_id, api_key, address (one of IPv4, a /64 of IPv6), agent, or claim:NAME; callers without it are counted together */
    per: string;

    /** so many requests in a day or a month of UTC, such as 1000/day or 20000/month, counted by all members in Redis; this, `rate` or `concurrent` */
    quota?: string;

    /** so many requests in a window, such as 100/1m; this, `concurrent` or `quota` */
    rate?: string;

    /** whether each agent counts by itself, or all agents with a limit of this name count together: agent or everywhere */
    scope: "agent" | "everywhere";
  }[];

  /** the largest request body; 1B to 1024GiB; default no limit */
  max_body?: number | string;

  /** the most requests under way at the agent; 1 to 1048576; default 4096 */
  max_in_flight?: number;

  /** what clients of an agent that speaks MCP are told */
  mcp?: {
    /** origins whose pages may call the agent, or "*" for all; default those of `cors`. Without either, a listener on loopback serves pages of its own machine alone */
    allowed_origins?: string[];

    /** where people read about the agent, for clients to show */
    documentation?: string;

    /** the path behind the route that MCP clients are given; / is the route itself; default /mcp */
    endpoint?: string;

    /** which entries lists show at an agent with rules: all, those that the caller could use with more scopes (obtainable), or those that it may use now (permitted); default obtainable */
    listing?: "all" | "obtainable" | "permitted";

    /** the longest list that is read for the rules; a longer one is 502; 1KiB to 64MiB; default 4MiB */
    max_list?: number | string;

    /** the longest message that is read for the rules; longer ones get 413; 1KiB to 64MiB; default 1MiB */
    max_message?: number | string;

    /** the name that clients show; default `display_name` */
    resource_name?: string;

    /** whether the host's root tells clients about this agent too; one agent of a host can; default false */
    root_metadata?: boolean;

    /** who may use which method, tool, resource and prompt; absent: whoever may call the agent may use all */
    rules?: {
      /** rules for methods, such as `initialize` or `tasks/*`, in addition to those of what a message is about */
      methods?: Record<
        string,
        | "deny"
        | "allow"
        | "public"
        | {
            /** claims that the token must have for this */
            claims?: {
              /** every one of these rules; default [] */
              all_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];

              /** at least one of these rules; default [] */
              any_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];
            };

            /** what the token must be besides for this */
            require?: {
              /** `acr` must be one of these; no class counts as better than another; default [] */
              acr_values?: string[];

              /** who may act for the subject of a token (`act`); default not looked at */
              actor?: {
                /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
                allow?: {
                  /** `iss` of the actor; where `act` has none, that of the token */
                  issuer: string;

                  /** `sub` of the actor */
                  sub: string;
                }[];

                /** the most actors in the chain; 1 to 16; default 3 */
                max_depth?: number;

                /** refuse tokens without an actor; default false */
                required?: boolean;
              };

              /** `amr` must name one of these ways to log in; default [] */
              amr_any?: string[];

              /** the clients that tokens may be issued to */
              clients?: {
                /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
                allow?: string[];

                /** client ids that are refused, likewise, also where `allow` names them; default [] */
                deny?: string[];
              };

              /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
              max_auth_age?: string;

              /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
              token_profile?: "any" | "rfc9068";
            };

            /** scopes that the token must have for this */
            scopes?: {
              /** every one of these; default [] */
              all_of?: string[];

              /** at least one of these; default [] */
              any_of?: string[];
            };
          }
      >;

      /** rules for prompts, by name */
      prompts?: Record<
        string,
        | "deny"
        | "allow"
        | "public"
        | {
            /** claims that the token must have for this */
            claims?: {
              /** every one of these rules; default [] */
              all_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];

              /** at least one of these rules; default [] */
              any_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];
            };

            /** what the token must be besides for this */
            require?: {
              /** `acr` must be one of these; no class counts as better than another; default [] */
              acr_values?: string[];

              /** who may act for the subject of a token (`act`); default not looked at */
              actor?: {
                /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
                allow?: {
                  /** `iss` of the actor; where `act` has none, that of the token */
                  issuer: string;

                  /** `sub` of the actor */
                  sub: string;
                }[];

                /** the most actors in the chain; 1 to 16; default 3 */
                max_depth?: number;

                /** refuse tokens without an actor; default false */
                required?: boolean;
              };

              /** `amr` must name one of these ways to log in; default [] */
              amr_any?: string[];

              /** the clients that tokens may be issued to */
              clients?: {
                /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
                allow?: string[];

                /** client ids that are refused, likewise, also where `allow` names them; default [] */
                deny?: string[];
              };

              /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
              max_auth_age?: string;

              /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
              token_profile?: "any" | "rfc9068";
            };

            /** scopes that the token must have for this */
            scopes?: {
              /** every one of these; default [] */
              all_of?: string[];

              /** at least one of these; default [] */
              any_of?: string[];
            };
          }
      >;

      /** rules for resources, by URI */
      resources?: Record<
        string,
        | "deny"
        | "allow"
        | "public"
        | {
            /** claims that the token must have for this */
            claims?: {
              /** every one of these rules; default [] */
              all_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];

              /** at least one of these rules; default [] */
              any_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];
            };

            /** what the token must be besides for this */
            require?: {
              /** `acr` must be one of these; no class counts as better than another; default [] */
              acr_values?: string[];

              /** who may act for the subject of a token (`act`); default not looked at */
              actor?: {
                /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
                allow?: {
                  /** `iss` of the actor; where `act` has none, that of the token */
                  issuer: string;

                  /** `sub` of the actor */
                  sub: string;
                }[];

                /** the most actors in the chain; 1 to 16; default 3 */
                max_depth?: number;

                /** refuse tokens without an actor; default false */
                required?: boolean;
              };

              /** `amr` must name one of these ways to log in; default [] */
              amr_any?: string[];

              /** the clients that tokens may be issued to */
              clients?: {
                /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
                allow?: string[];

                /** client ids that are refused, likewise, also where `allow` names them; default [] */
                deny?: string[];
              };

              /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
              max_auth_age?: string;

              /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
              token_profile?: "any" | "rfc9068";
            };

            /** scopes that the token must have for this */
            scopes?: {
              /** every one of these; default [] */
              all_of?: string[];

              /** at least one of these; default [] */
              any_of?: string[];
            };
          }
      >;

      /** rules for tools, by name */
      tools?: Record<
        string,
        | "deny"
        | "allow"
        | "public"
        | {
            /** claims that the token must have for this */
            claims?: {
              /** every one of these rules; default [] */
              all_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];

              /** at least one of these rules; default [] */
              any_of?: {
                /** the name of the claim; dots walk into objects */
                claim: string;

                /** compare the names of the members of an object; default false */
                keys_of?: boolean;

                /** the claim must be one of these, by JSON type; a text may end in `*` */
                values: (string | number | boolean)[];
              }[];
            };

            /** what the token must be besides for this */
            require?: {
              /** `acr` must be one of these; no class counts as better than another; default [] */
              acr_values?: string[];

              /** who may act for the subject of a token (`act`); default not looked at */
              actor?: {
                /** the outermost actor must be one of these; empty admits all that the identity provider lets act; default [] */
                allow?: {
                  /** `iss` of the actor; where `act` has none, that of the token */
                  issuer: string;

                  /** `sub` of the actor */
                  sub: string;
                }[];

                /** the most actors in the chain; 1 to 16; default 3 */
                max_depth?: number;

                /** refuse tokens without an actor; default false */
                required?: boolean;
              };

              /** `amr` must name one of these ways to log in; default [] */
              amr_any?: string[];

              /** the clients that tokens may be issued to */
              clients?: {
                /** client ids, and `https://HOST/*` for all that begin so; empty admits every client that `deny` does not name; default [] */
                allow?: string[];

                /** client ids that are refused, likewise, also where `allow` names them; default [] */
                deny?: string[];
              };

              /** the longest time since the login of the user (`auth_time`); 1s to 366d; default not limited */
              max_auth_age?: string;

              /** any, or rfc9068: `typ` is at+jwt, and iss, exp, aud, sub, client_id, iat and jti are there; default any */
              token_profile?: "any" | "rfc9068";
            };

            /** scopes that the token must have for this */
            scopes?: {
              /** every one of these; default [] */
              all_of?: string[];

              /** at least one of these; default [] */
              any_of?: string[];
            };
          }
      >;

      /** what becomes of tools, resources, prompts and unknown methods that no rule names: deny or allow */
      unlisted: "deny" | "allow";
    };

    /** the scopes that clients should ask for; empty: those that `auth.oauth.scopes` names; offline_access is left out; default [] */
    scopes_supported?: string[];

    /** the file with the key that binds session ids to their callers, for gateways that share their sessions: 64 hexadecimal digits, and below it the key before, if there was one; read again when it changes. Default: that of `server.state_dir`, else one of the process */
    session_key_file?: string;

    /** decide by Mcp-Method and Mcp-Name without reading messages: only where the agent itself compares them with the message; default false */
    trust_mirrored_headers?: boolean;
  };

  /** what the agent speaks: http, mcp, or a2a; default http */
  protocol?: "http" | "mcp" | "a2a";

  /** the origin under which callers reach the agent, such as https://agents.example.com; default `server.public_url` */
  public_url?: string;

  /** the path prefix at which the agent answers */
  route:
    | string
    | {
        /** only requests for this host, or for one label below it: *.example.com; default every host */
        host?: string;

        /** several such hosts */
        hosts?: string[];

        /** request methods, HEAD with GET; others get 405; default every method */
        methods?: string[];

        /** a path prefix, matched on whole segments */
        path: string;

        /** take the prefix off before the request goes on; default false */
        strip_path?: boolean;
      };

  /** what ends running streams */
  streams?: {
    /** how much longer streams go on that may finish; 0s to 1d; default 5m */
    finish_within?: string;

    /** how long streams go on after the end of the credential, up to a tenth less at random; 0s to 1h; default 5s */
    grace?: string;

    /** what becomes of streams when the credential of their caller ends: end: they end, `grace` later; finish: they end `finish_within` after that; off: nothing; default end for WebSockets, event streams that answer a GET, subscriptions and gRPC, and finish for an event stream that answers another request */
    on_expiry?: "end" | "finish" | "off";

    /** which running streams a change ends: revocation: those whose agent, provider or API key it removes or revokes; end: those, and all when the agent's own policy changes; keep: none; default revocation */
    on_policy_change?: "revocation" | "end" | "keep";

    /** the code with which a WebSocket is closed whose caller lost its right; default 1008 */
    ws_close_code?: 1008 | 3000 | 4401;
  };

  /** the URL of the agent, or the URLs of several */
  upstream:
    | string
    | {
        /** what keeps requests at one target: none, mcp_session (a session of MCP stays where it began), principal, header:NAME or cookie:NAME; default none */
        affinity?: string;

        /** how requests are spread over targets: least_in_flight (of two that are drawn the one with fewer requests under way), round_robin, or hash; default least_in_flight */
        balance?: "least_in_flight" | "round_robin" | "hash";

        /** a file with the certificates (PEM) that are trusted for this upstream, instead of the system's */
        ca_file?: string;

        /** the certificate (PEM) that is shown to the upstream, with its chain; needs `key_file`; a changed file is used by new connections */
        cert_file?: string;

        /** how long connecting may take; 1ms to 10m; default 5s */
        connect_timeout?: string;

        /** when failures take a target out */
        eject?: {
          /** for how long; so many times as long when it fails again, at most 5 minutes; 100ms to 1h; default 10s */
          base?: string;

          /** so many failures in a row, without a good answer between them, take a target out; 1 to 1000; default 5 */
          failures?: number;

          /** the most targets of the agent that are out at once; never the last one; default 50% */
          max_share?: string;

          /** what counts: connect (no connection), tls (no TLS), reset (it broke before the head of the answer), and the answers 502, 503 and 504; an answer that does not come in `response_timeout` is a 504; default all */
          on?: ("connect" | "tls" | "reset" | number)[];
        };

        /** what the requests have in common that go to one target: principal, address, header:NAME or cookie:NAME */
        hash?: string;

        /** active checks of each target; absent is none */
        health?: {
          /** so many that pass in a row bring a target back; 1 to 100; default 2 */
          healthy?: number;

          /** the `Host` of the request; default that of the target */
          host?: string;

          /** the time from one check to the next, of which up to a tenth is left out by chance; 100ms to 1h; default 5s */
          interval?: string;

          /** the path that is asked for with GET, and perhaps a query */
          path: string;

          /** the statuses that pass: one, or two with a dash between; 100 to 599; default 200-399 */
          status?: string | number;

          /** how long the answer may take; 10ms to 1m; default 1s */
          timeout?: string;

          /** so many that fail in a row take it out; 1 to 100; default 3 */
          unhealthy?: number;
        };

        /** the `Host` that the agent gets: rewrite (the authority of `url`), preserve (the caller's), or a name; default rewrite */
        host?: string;

        /** how long a kept connection may rest and still be used; 1ms to 1h; default 30s */
        idle_timeout?: string;

        /** its private key */
        key_file?: string;

        /** the most requests under way at each target; 1 to 1048576; default no limit but the agent's */
        max_in_flight?: number;

        /** the most requests that wait for a place at a target; one more gets 503; 0 to 65536; default 0 */
        max_pending?: number;

        /** auto (HTTP/1.1 for http, what the server chooses for https), h1, h2 (https), or h2c (http); default auto */
        protocol?: "auto" | "h1" | "h2" | "h2c";

        /** how long the head of the answer may take once the whole request is with the agent; 1ms to 1d; default 1m */
        response_timeout?: string;

        /** which requests may be sent again to another target, and how many */
        retry?: {
          /** of the requests in the window so many may be sent again; default 20% */
          budget?: string;

          /** requests with these methods may be sent again as long as nothing was answered; those with another one only when none of them went out; default GET and HEAD */
          methods?: string[];

          /** and so many a second beside them, of which as many may wait for an answer at once; 0 to 1000; default 3 */
          per_second?: number;

          /** the window; 1s to 1m; default 10s */
          window?: string;
        };

        /** the name that the upstream's certificate must have, and that is sent to it (SNI); default the host of its URL */
        server_name?: string;

        /** headers that the agent gets with every request, set last: name to text, or to a file; never shown */
        set_headers?: Record<
          string,
          | string
          | {
              /** the file that holds the value; read again when it changes */
              file: string;
            }
        >;

        /** how long the share of a target grows that was added or has recovered; 0s is off; 0s to 1h; default 30s */
        slow_start?: string;

        /** ends an answer or a tunnel that has been silent for so long; 1ms to 30d; default off */
        stream_idle_timeout?: "off" | string;

        /** the places where the agent runs, at most 64, over which requests are spread; all have the same scheme and path */
        targets?: (
          | string
          | {
              /** http:// or https://, a host, and perhaps a port and a path; or srv+http:// or srv+https:// and the name of a service, whose SRV records say hosts and ports; or unix:/run/agent.sock */
              url: string;

              /** its part of the load beside the others; 0 takes no new requests, and those that run go on; 0 to 100; default 1 */
              weight?: number;

              /** where it is, for people */
              zone?: string;
            }
        )[];

        /** http:// or https://, a host, and perhaps a port and a path to put before that of the request; or srv+http:// or srv+https:// and the name of a service, whose SRV records say hosts and ports; or unix:/run/agent.sock, and perhaps :/base; this or `targets` */
        url?: string;
      };

  /** what becomes of the agent's own 401 and 403, where it speaks MCP: replace: its challenge is removed, and a 401 after the caller's credential was removed becomes a 502; or pass; default replace */
  upstream_challenge?: "replace" | "pass";

  /** whether WebSocket upgrades pass; default true */
  websocket?: boolean;
}

/** An agent in a list. */
export interface AgentSummary {
  api_keys: number;
  authentication: Authentication;
  display_name: string | null;
  enforcement: "enforce" | "shadow";
  identity_providers: string[];
  last_upstream_failure: LastUpstreamFailure | null;
  managed_by: ManagedBy;
  name: string;
  protocol: AgentProtocol;
  route: AgentRoute;
  traffic: AgentTraffic;
  upstream: string;
  upstream_failures_5m: number;
}

/** One page of a list in the order of names. */
export interface AgentSummaryPage {
  /** The items of the page. */
  items: AgentSummary[];

  /** `after` of the next page; null on the last page. */
  next: string | null;

  /** The number of items on all pages. */
  total: number;
}

/** The last minutes of one agent, in requests per second, oldest first. */
export interface AgentTraffic {
  /** What was allowed. */
  allowed: number[];

  /** The time between two points, in seconds. */
  interval_seconds: number;

  /** What was refused. */
  refused: number[];

  /** The reason of most refusals since the start. */
  top_refusal: TopRefusal | null;

  /** The reason for which most would have been refused since the start. */
  top_would_refuse: TopRefusal | null;

  /** What went on and ended without an answer of the agent. */
  upstream_failed: number[];

  /** What would have been refused, and went on because the agent is in shadow. */
  would_refuse: number[];
}

/** A JSON Web Signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1). */
export type Algorithm =
  "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA";

/** An API key, without its text and its hash. */
export interface ApiKey {
  agent: string;
  created_at: string | null;
  etag: string;
  expires_at: string | null;
  id: string;
  last_used_at: string | null;
  managed_by: ManagedBy;
  masked: string;
  name: string | null;
  revoked_at: string | null;
  state: KeyState;
}

/** One page of a list in the order of names. */
export interface ApiKeyPage {
  /** The items of the page. */
  items: ApiKey[];

  /** `after` of the next page; null on the last page. */
  next: string | null;

  /** The number of items on all pages. */
  total: number;
}

/** A rule that applied to an operation, as people read it. */
export interface AppliedRule {
  /** What that means for this caller. */
  outcome: "public" | "permitted" | "step_up" | "denied" | "not_judged";

  /** What it says: `deny`, `allow`, `public`, or the scopes, claims and requirements that it asks for. */
  says: string;

  /** Where it is written, below the agent, such as `mcp.rules.tools."write_*"`. */
  setting: string;
}

/** What a message asked for, cut to 128 bytes each. */
export interface AskedOperation {
  /** The method of an MCP message, absent from a response of the client; or the operation of A2A. */
  method: string | null;

  /** The first thing that it is about: the name of a tool or a prompt, or the URI of a resource. */
  name: string | null;

  /** The version of the protocol that the request names. */
  version: string | null;
}

/** Something that an operator should act on. */
export interface Attention {
  code: AttentionCode;
  level: Level;
  since: string | null;
  subject: Subject | null;
  text: string;
  until: string | null;
}

/** The stable name of what an entry says. */
export type AttentionCode =
  | "agent_refuses_all"
  | "broken_document"
  | "certificate"
  | "change_refused"
  | "denials_end"
  | "key_ends"
  | "log_lines_lost"
  | "member_behind"
  | "member_name_shared"
  | "member_refused"
  | "member_stale"
  | "member_vanished"
  | "more"
  | "provider_failing"
  | "shared_state_down"
  | "store_foreign"
  | "store_forked"
  | "store_regressed"
  | "store_stale"
  | "store_torn"
  | "store_vanished"
  | "targets_out"
  | "upstream_failing";

/** How callers authenticate. */
export type Authentication = "oauth" | "api_key" | "public";

/** A document that is broken on disk. */
export interface BrokenDocument {
  diagnostics: Diagnostic[];
  file: string;
  last_good_revision: number | null;
  resource: string | null;
  restorable: boolean;
  since: string;
}

/** What clients get of a card. */
export type CardServing = "served" | "absent" | "refused";

/** A way by which clients show certificates. */
export interface CertificateWay {
  /** Whether the certificate gets in by it. */
  accepted: boolean;

  /** The setting, such as `tls of 0.0.0.0:8443`. */
  setting: string;

  /** Why, or why not. */
  why: string;
}

/** The change of one resource. */
export interface Change {
  action: Action;

  /** Whether the live configuration has the text that the change led to. */
  live: boolean;
  resource: string;
}

/** The stable name of a finding that no text by itself gives rise to. */
export type ChangeCode =
  "broken-document" | "held-up" | "masked-value" | "environment-reference" | "not-yaml";

/** The change of one resource, with its text before and after. */
export interface ChangeWithTexts {
  action: Action;
  diff: string;
  from: string | null;

  /** Whether the live configuration has the text that the change led to. */
  live: boolean;
  resource: string;
  to: string | null;
}

/** One check of a transcript. */
export interface Check {
  /** Which check. */
  check:
    | "route"
    | "origin"
    | "credential"
    | "size"
    | "format"
    | "algorithm"
    | "critical"
    | "type"
    | "issuer"
    | "expiry"
    | "not_before"
    | "lifetime"
    | "audience"
    | "binding"
    | "key"
    | "signature"
    | "introspection"
    | "denial"
    | "client_certificate"
    | "certificate"
    | "proof"
    | "proof_method"
    | "proof_url"
    | "proof_token"
    | "proof_key"
    | "proof_signature"
    | "proof_fresh"
    | "proof_replay"
    | "profile"
    | "client"
    | "actor"
    | "acr"
    | "auth_age"
    | "scopes"
    | "claim"
    | "claim_headers"
    | "api_key_format"
    | "api_key"
    | "api_key_revoked"
    | "api_key_expiry"
    | "session"
    | "message"
    | "operation"
    | "limit";

  /** How to fix it, on a failed check. */
  fix: string | null;

  /** Whether it passed. */
  ok: boolean;

  /** The value that was found. */
  seen: string | null;

  /** The values that would have passed. */
  wanted: string;
}

/** How the client authenticates at the token endpoint (RFC 6749 section 2.3.1). */
export type ClientAuthentication = "basic" | "post";

/** The result for one URL. */
export interface ClientCheck {
  /** The name of the identity provider that clients choose, which is the first. */
  identity_provider: string;

  /** Its issuer, as the metadata of the agent names it. */
  issuer: string;

  /** Where its metadata was found. */
  metadata_url: string | null;
  rows: ClientCheckRow[];
  url: string;
}

/** What to check. */
export interface ClientCheckQuestion {
  /** The URL that people gave to their client; the one that they should give when it is absent. */
  url?: string | null;
}

/** How a check ended. */
export type ClientCheckResult = "ok" | "warn" | "bad" | "unknown";

/** One check. */
export interface ClientCheckRow {
  /** What was found. */
  found: string;

  /** How to fix it. */
  help: string | null;
  outcome: ClientCheckResult;
  topic: ClientCheckTopic;
}

/** What is checked. */
export type ClientCheckTopic =
  | "resource"
  | "reach"
  | "audience"
  | "credential"
  | "page"
  | "authorization_server"
  | "issuer"
  | "pkce"
  | "registration"
  | "scopes";

/** The provider's token response (RFC 6749 section 5.1). */
export interface ClientToken {
  /** The access token. */
  access_token: string;

  /** The lifetime of the token, in seconds. */
  expires_in: number | null;

  /** The granted scopes, when they differ from the requested ones. */
  scope: string | null;

  /** The type of the token, such as `Bearer`. */
  token_type: string | null;
}

/** A token request with the client credentials grant. */
export interface ClientTokenQuestion {
  audience?: string | null;
  authentication?: ClientAuthentication;
  client_id: string;
  client_secret: string;
  resource?: string | null;
  scope?: string | null;
}

/** The size of a commit, beside the largest possible one. */
export interface CommitSize {
  /** How many bytes are sent for it. */
  bytes: number;

  /** The most bytes. */
  max_bytes: number;

  /** The most resources. */
  max_resources: number;

  /** How many resources it changes. */
  resources: number;
}

/** The name of a finding, stable across versions. */
export type ConfigurationCode =
  | "file-unreadable"
  | "file-content"
  | "file-too-large"
  | "not-utf8"
  | "empty-file"
  | "yaml-syntax"
  | "yaml-tab"
  | "yaml-documents"
  | "yaml-tag"
  | "yaml-alias"
  | "toml-syntax"
  | "too-complex"
  | "too-many"
  | "duplicate-key"
  | "env-unset"
  | "env-syntax"
  | "version"
  | "unknown-field"
  | "missing-field"
  | "wrong-type"
  | "duplicate-name"
  | "auth-missing"
  | "audience-missing"
  | "auth-conflict"
  | "key-source-conflict"
  | "ambiguous-tokens"
  | "store-conflict"
  | "bad-store-id"
  | "local_reference"
  | "bad-name"
  | "bad-number"
  | "bad-duration"
  | "bad-size"
  | "bad-rate"
  | "bad-quota"
  | "bad-date"
  | "bad-word"
  | "out-of-range"
  | "empty-value"
  | "white-space"
  | "bad-address"
  | "bad-cidr"
  | "bad-url"
  | "bad-issuer"
  | "bad-algorithm"
  | "bad-path"
  | "bad-host"
  | "bad-header"
  | "bad-prefix"
  | "bad-claim"
  | "bad-origin"
  | "bad-method"
  | "bad-key-id"
  | "bad-hash"
  | "unquoted-hash"
  | "bad-member-label"
  | "bad-key-set"
  | "unknown-provider"
  | "unknown-agent"
  | "wrong-agent"
  | "duplicate-issuer"
  | "duplicate-route"
  | "proxy-without-trust"
  | "client-certificates"
  | "duplicate-address"
  | "duplicate-value"
  | "header-conflict"
  | "self-upstream"
  | "cors-credentials"
  | "protocol-block"
  | "token-passthrough"
  | "root-metadata"
  | "signing-url"
  | "signing-key-absent"
  | "assertion-issuer"
  | "assertion-audience"
  | "limit-measure"
  | "limit-counting"
  | "limit-conflict"
  | "rule-name"
  | "rule-needs-token"
  | "binding-conflict"
  | "unknown-method"
  | "public-rule"
  | "trusted-headers"
  | "bad-label"
  | "dormant-key"
  | "audience-unchecked"
  | "public-url-missing"
  | "assertion-in-shadow"
  | "signing-key-apart"
  | "signing-key-lost"
  | "card-differs"
  | "anonymous-limit"
  | "public-agent"
  | "beside-store"
  | "unused-provider"
  | "agent-without-keys"
  | "token-forwarded"
  | "insecure-http"
  | "events-without-place"
  | "fast-refresh"
  | "more-shards-than-workers"
  | "plain-listener"
  | "plain-http2"
  | "health-needs-certificate"
  | "grpc-over-http1"
  | "sealing-key-missing"
  | "nonce-key-missing"
  | "proof-forwarded"
  | "proofs-per-member"
  | "proof-of-any-host"
  | "certificate-of-nobody"
  | "snapshot-missing"
  | "certificate-ends"
  | "certificate-unrelated"
  | "restart-needed";

export interface Counts {
  agents: number;
  api_keys: number;
  identity_providers: number;
}

/** A new API key: the only response that shows its text. */
export interface CreatedApiKey {
  agent: string;
  created_at: string | null;
  dry_run: boolean;
  etag: string;
  expires_at: string | null;

  /** How far it got, when that was asked for. */
  fleet?: {
    /** Those that do not serve it yet. */
    behind: string[];

    /** The number of members. */
    members: number;

    /** Those that refused it. */
    refused: string[];

    /** The revision. */
    revision: number;

    /** How many of them serve it, or a later one. */
    running: number;
  };
  id: string;
  key: string;
  last_used_at: string | null;
  managed_by: ManagedBy;
  masked: string;
  name: string | null;
  revoked_at: string | null;
  state: KeyState;
}

/** A decision in a list. */
export interface Decision {
  agent: string | null;
  at: string | null;
  check: string | null;
  client_id: string | null;
  decision: "allow" | "deny" | "error" | "shadow_deny";
  fix: string | null;
  http_method: string;
  key_id: string | null;
  key_name: string | null;

  /** How callers of the agent authenticate. */
  method: "oauth" | "api_key" | "public" | "none";

  /** What it asked for, at an agent whose messages are read. */
  operation: AskedOperation | null;
  path: string;
  provider: string | null;
  reason: Reason;
  remote: string | null;
  request_id: string;
  seen: string | null;
  status: number | null;
  upstream_error: UpstreamError | null;
  wanted: string | null;
}

/** The last decisions. */
export interface Decisions {
  items: Decision[];
  refusals_since: string | null;
}

/** A denial. */
export interface Denial {
  actor: string;
  at: string | null;

  /** What it names; null when a newer version wrote it, and this one does not understand it. */
  by: "sub" | "client_id" | "jti" | "sid" | "act" | "kid" | "api_key" | "token_sha256" | null;
  etag: string;
  id: string;

  /** `all`, or the second up to which tokens were issued that it is about. */
  issued_before: string | null;

  /** The issuer whose tokens it is about; null for any. */
  issuer: string | null;

  /** The identity provider with the issuer that it is about; null for any, and when none of the configuration has it. */
  provider: string | null;
  reason: string;

  /** `never`, or when it ends. */
  until: string;
  value: string | null;
}

/** A denial that was lifted. */
export interface DenialLifted {
  dry_run: boolean;
  id: string;
}

/** A denial that was made, or would be. */
export interface DenialMade {
  actor: string;
  at: string | null;

  /** What it names; null when a newer version wrote it, and this one does not understand it. */
  by: "sub" | "client_id" | "jti" | "sid" | "act" | "kid" | "api_key" | "token_sha256" | null;
  dry_run: boolean;
  etag: string;
  id: string;

  /** `all`, or the second up to which tokens were issued that it is about. */
  issued_before: string | null;

  /** The issuer whose tokens it is about; null for any. */
  issuer: string | null;

  /** The identity provider with the issuer that it is about; null for any, and when none of the configuration has it. */
  provider: string | null;
  reason: string;

  /** With `dry_run`: how many of the requests of the last hour that this gateway remembers it would have refused. */
  requests?: number;

  /** With `dry_run`: how many running streams it would end. */
  streams?: number;

  /** `never`, or when it ends. */
  until: string;
  value: string | null;
  warnings: string[];
}

/** One page of a list in the order of names. */
export interface DenialPage {
  /** The items of the page. */
  items: Denial[];

  /** `after` of the next page; null on the last page. */
  next: string | null;

  /** The number of items on all pages. */
  total: number;
}

/** An error, a warning or a note about a configuration. */
export interface Diagnostic {
  /** The stable name of the finding. */
  code: DiagnosticCode;

  /** The column in characters, counted from 1; 0 for the whole file. */
  column: number;

  /** The file. */
  file: string;

  /** What to write instead. */
  help: string | null;

  /** The line, counted from 1; 0 for the whole file. */
  line: number;

  /** What is wrong. */
  message: string;

  /** The part of the resource, as a JSON pointer (RFC 6901); empty for the whole. */
  path: string | null;

  /** The resource, where the finding is about one that has a file of its own. */
  resource: string | null;

  /** How bad it is. */
  severity: Severity;
}

/** The stable name of a finding. */
export type DiagnosticCode = ConfigurationCode | ChangeCode;

/** How many streams were told to end. */
export interface EndedStreams {
  ended: number;
}

/** The events of a provider, since this process started. */
export interface EventStatus {
  /** Whether logout tokens are taken. */
  backchannel_logout: boolean;

  /** How many there were, by type and result. */
  counts: SecurityEventCount[];

  /** The last event of the provider. */
  last_event: LastSecurityEvent | null;

  /** The last time that the provider was asked. */
  last_poll: LastEventPoll | null;

  /** The last verification of the stream by its transmitter. */
  last_verification: LastStreamVerification | null;

  /** Whether the provider is asked for events (RFC 8936). */
  poll: boolean;

  /** Whether events may be pushed (RFC 8935). */
  push: boolean;
}

/** `event: decision` with a Decision as `data`; `event: missed` with the number of decisions that were left out. */
export type Events = string;

/** The credential to decide on. */
export interface ExplainQuestion {
  agent: string;

  /** The client's certificate in PEM, and those that lead to its authority behind it; never its key. A `client_certificate_header`
among the headers counts as that of a trusted proxy. */
  client_certificate?: string | null;
  credential?: string | null;
  headers?: [string, string][];

  /** Ask the identity provider about the token where only it knows whether that is active. Without it, what the gateway knows
already counts. */
  live?: boolean;

  /** The same as a whole message, as a client sends it. */
  message?: string | null;

  /** GET without it, and POST with a message. */
  method?: string | null;

  /** The operation to judge by the agent's rules, too; without it, and without a message, its own rules alone are asked. */
  operation?: ExplainedOperation | null;

  /** With its query: some agents read the token from it. */
  path?: string | null;
}

/** A client certificate. */
export interface ExplainedCertificate {
  /** The SHA-256 of its DER in hexadecimal digits, of which the access log shows the first 16. */
  sha256: string;

  /** The same as tokens name it: `cnf.x5t#S256` (RFC 8705 section 3.1). */
  thumbprint: string;

  /** The ways by which clients show certificates to this gateway; empty where nobody asks for any. */
  ways: CertificateWay[];
}

/** An operation. */
export interface ExplainedOperation {
  /** The method of MCP, such as `tools/call`, or the operation of A2A, such as `SendMessage`. */
  method: string;

  /** The name of the tool or the prompt, or the URI of the resource, where the method has one. */
  name?: string | null;
}

/** What was decided, and how it came to that. */
export interface Explanation {
  /** For which agent. */
  agent: string;

  /** The client certificate of the question, and who would take it; absent without one. */
  certificate?: ExplainedCertificate | null;

  /** The checks in the order in which they were made. */
  checks: Check[];

  /** What it would count as. */
  decision: "allow" | "deny" | "error" | "shadow_deny";

  /** What is left at this gateway of each limit that applies; absent from the command line, which counts nothing. */
  limits?: LimitLeft[] | null;

  /** What the rules by operation say of the message; absent without one, where it cannot be judged, and at an agent that
reads none. */
  operation?: RuledOperation | null;

  /** The provider of the token, once the agent accepts it. */
  provider: string | null;

  /** Why. */
  reason: Reason;

  /** The response that the caller of the message gets; absent without one, and where the request passes. */
  response?: RefusedResponse | null;

  /** The status of the answer; 200 when the request would pass. */
  status: number;

  /** What ends the stream that the request asks for, or may become; absent where it asks for none, and where it is refused. */
  stream?: StreamEnd | null;
}

/** The response to a call without a credential. */
export interface FirstCall {
  /** `WWW-Authenticate`. */
  challenge: string | null;
  method: string;

  /** Absent where the call goes through: at a public agent, and in shadow mode. */
  status: number | null;
  url: string;
}

/** The fleet. A gateway whose store nobody shares is a fleet of one. */
export interface Fleet {
  /** In the order of their names. */
  members: FleetMember[];

  /** The last revision. */
  revision: number;
  store: FleetStore;
}

/** A gateway of the fleet. */
export interface FleetMember {
  /** The name of one process: a gateway that starts again has another one. */
  boot_id: string;

  /** The milliseconds since the member last heard which revision is the last one; null when it never did. */
  confirmed_age_ms: number | null;
  draining: boolean;
  hash: string;

  /** Those of `server.member`; `canary` is `true` where that is set. */
  labels: Record<string, string>;
  name: string;
  ready: boolean;
  refused: RefusedByMember | null;

  /** The revision that its listeners serve, whole. */
  revision: number;
  state: MemberState;
  version: string;
}

export interface FleetStore {
  kind: StoreKind;
  state: StoreState;
  store_id: string | null;
}

/** A field of a response. */
export interface HeaderField {
  name: string;
  value: string;
}

/** The health of an identity provider. */
export type Health = "ok" | "stale" | "failing" | "waiting";

/** The state of a provider's introspection. */
export interface IntrospectionStatus {
  /** Whether the provider is left alone after failures in a row, but for a question each five seconds. */
  breaker_open: boolean;

  /** The error of the last question; null when it was answered. */
  last_error: string | null;
}

/** Whether an API key is valid. */
export type KeyState = "active" | "expired" | "revoked";

/** The state of one key. */
export interface KeyStatus {
  /** The algorithms whose signatures it verifies. */
  algorithms: Algorithm[];

  /** When its source first published it, in seconds since the epoch, as far as this process knows. */
  first_seen: number | null;

  /** Its key id; null for a key without one. */
  kid: string | null;

  /** When it last verified a signature, in seconds since the epoch; null if it has not since the process started. */
  last_used: number | null;
}

/** The last poll. */
export interface LastEventPoll {
  /** When it ended, in seconds since the epoch. */
  at: number;

  /** Why it failed; null when it did not. */
  error: string | null;
}

export interface LastReload {
  at: string;
  result: ReloadOutcome;
}

export interface LastRevision {
  by: string | null;
  number: number;
  text_is_live: boolean;
}

/** The last event. */
export interface LastSecurityEvent {
  /** When it came, in seconds since the epoch. */
  at: number;

  /** What became of it. */
  result:
    | "denied"
    | "lifted"
    | "noted"
    | "repeated"
    | "overtaken"
    | "late"
    | "unmapped"
    | "ignored"
    | "rejected"
    | "unauthorized"
    | "failed";

  /** What happened. */
  type:
    | "session-revoked"
    | "credential-change"
    | "token-claims-change"
    | "account-disabled"
    | "account-purged"
    | "account-enabled"
    | "logout"
    | "verification"
    | "stream-updated"
    | "unknown"
    | "none";
}

/** The last verification. */
export interface LastStreamVerification {
  /** When it came, in seconds since the epoch. */
  at: number;

  /** Its `state`, which whoever asked for it chose. */
  state: string | null;
}

/** The last request that got no response from its agent. */
export interface LastUpstreamFailure {
  at: string;
  cause: UpstreamError;
}

/** How urgent an entry is. */
export type Level = "error" | "warning" | "note";

/** A limit of the callers of every agent with all details. */
export interface LimitDetail {
  /** The requests under way that are written; null for any other limit. */
  concurrent: number | null;
  count: "all" | "failed";
  counting: "local_share" | "shared" | "strict";
  enforcement: "enforce" | "shadow";
  etag: string;
  file: string;
  managed_by: ManagedBy;
  name: string;

  /** What it counts by: `principal`, `client_id`, `api_key`, `address`, `agent`, or `claim:` with the name of a claim. */
  per: string;

  /** The quota that is written; null for any other limit. */
  quota: LimitQuota | null;

  /** The rate that is written; null for any other limit. */
  rate: LimitRate | null;
  scope: "agent" | "everywhere";

  /** As it is written, without its name. A file written by hand can hold a number where text is expected. */
  spec: JsonObject;
}

/** What is left of a limit. */
export interface LimitLeft {
  /** The requests that it lets in now; null where the question does not say whom it counts for. */
  left: number | null;

  /** The name of the limit. */
  name: string;
}

/** A quota, as it is written. */
export interface LimitQuota {
  /** The requests of a period. */
  count: number;

  /** The period, in UTC. */
  period: "day" | "month";
}

/** A rate, as it is written. */
export interface LimitRate {
  /** The requests that a full bucket lets in at once. */
  burst: number;

  /** The requests of a window. */
  count: number;

  /** The window. */
  window_seconds: number;
}

export interface LimitSpec {
  /** how many requests of a rate are let in at once when none was made for long; 1 to 1000000; default the count of the rate */
  burst?: number;

  /** so many requests under way at once, streams included; this, `rate` or `quota`; 1 to 1000000 */
  concurrent?: number;

  /** all: requests that pass the rules; failed: those refused with 401, after which every request of the address is refused; default all */
  count?: "all" | "failed";

  /** how the members of a fleet count: local_share: each its part; shared: together in Redis, in the background; strict: each request asks Redis; the last two need `server.shared_state`; default local_share, and shared of a quota */
  counting?: "local_share" | "shared" | "strict";

  /** enforce, or shadow: count only; default enforce */
  enforcement?: "enforce" | "shadow";

  /** while Redis is away: share: each member lets its part in; allow: all pass; deny: all get 503; default share */
  on_loss?: "share" | "allow" | "deny";

  /** what it counts by: principal (issuer and subject of a token, or the API key), client_id, api_key, address (one of IPv4, a /64 of IPv6), agent, or claim:NAME; callers without it are counted together */
  per: string;

  /** so many requests in a day or a month of UTC, such as 1000/day or 20000/month, counted by all members in Redis; this, `rate` or `concurrent` */
  quota?: string;

  /** so many requests in a window, such as 100/1m; this, `concurrent` or `quota` */
  rate?: string;

  /** whether each agent counts by itself, or all agents with a limit of this name count together: agent or everywhere */
  scope: "agent" | "everywhere";
}

/** A limit of the callers of every agent in a list. */
export interface LimitSummary {
  /** The requests under way that are written; null for any other limit. */
  concurrent: number | null;
  count: "all" | "failed";
  counting: "local_share" | "shared" | "strict";
  enforcement: "enforce" | "shadow";
  managed_by: ManagedBy;
  name: string;

  /** What it counts by: `principal`, `client_id`, `api_key`, `address`, `agent`, or `claim:` with the name of a claim. */
  per: string;

  /** The quota that is written; null for any other limit. */
  quota: LimitQuota | null;

  /** The rate that is written; null for any other limit. */
  rate: LimitRate | null;
  scope: "agent" | "everywhere";
}

/** One page of a list in the order of names. */
export interface LimitSummaryPage {
  /** The items of the page. */
  items: LimitSummary[];

  /** `after` of the next page; null on the last page. */
  next: string | null;

  /** The number of items on all pages. */
  total: number;
}

/** A limit of an agent, and how much of it is spent at this gateway. */
export interface LimitUsage {
  /** The requests that it, and others of its name, have let in at this agent since the start. */
  allowed: number;

  /** Whose buckets the next three are of: those of this agent, or of all agents for which this limit counts. */
  buckets: "agent" | "all_agents";

  /** The requests under way that are written; null for any other limit. */
  concurrent: number | null;

  /** Which requests it counts. */
  count: "all" | "failed";

  /** How the members of a fleet count. */
  counting: "local_share" | "shared" | "strict";

  /** Whether it refuses what it does not permit; `shadow` also where the agent is in shadow mode. */
  enforcement: "enforce" | "shadow";

  /** Those of them that have nothing left. */
  exhausted: number;

  /** The requests that those have spent that have spent most, the largest first; at most five. */
  fullest: number[];

  /** The callers that have something spent. A new caller for whom there is no room shares one with others. */
  in_use: number;

  /** Those that they have refused. */
  limited: number;

  /** How many gateways share what is written. */
  members: number;

  /** The requests that one caller may make here at once when nothing is spent, or have under way: the part of this gateway. */
  most: number;

  /** Its name. */
  name: string;

  /** What it counts by: `principal`, `client_id`, `api_key`, `address`, `agent`, or `claim:` with the name of a claim. */
  per: string;

  /** In which list it is written. */
  place: "top" | "identity_provider" | "agent";

  /** The identity provider at which it is written. */
  provider: string | null;

  /** The quota that is written; null for any other limit. */
  quota: LimitQuota | null;

  /** The rate that is written; null for any other limit. */
  rate: LimitRate | null;

  /** Who counts together. */
  scope: "agent" | "everywhere";

  /** Those that they would have refused. */
  shadow_limited: number;
}

/** The limits of an agent: first those of all agents, then its own, then those of its identity providers. */
export interface LimitUsages {
  items: LimitUsage[];
}

/** A JSON object on each line, with `event`: head, data, end or error. */
export type Lines = string;

export interface Listener {
  address: string;
  tls: boolean;
}

export interface LiveRevision {
  number: number;
  revision: string;
}

/** The credential of a login. */
export interface Login {
  token: string;
}

/** The origin of a resource, which decides who may change it. */
export type ManagedBy = "store" | "file";

/** An error as the member found it. Its code may be one of a newer version. */
export interface MemberDiagnostic {
  code: string;
  column: number;
  file: string;
  help: string | null;
  line: number;
  message: string;
  path: string | null;
  resource: string | null;
  severity: Severity;
}

/** The state of a member. */
export type MemberState = "running" | "behind" | "refused" | "stale" | "vanished";

/** A place where clients look for metadata. */
export interface MetadataPlace {
  /** The text of the document; absent where the gateway answers 404. */
  document: string | null;
  headers: HeaderField[];

  /** Another agent whose metadata is there, since requests for the resource lead to it. */
  other_agent: string | null;
  url: string;
}

/** The API key to create. */
export interface NewApiKey {
  agent: string;
  expires_at?: string | null;
  expires_in?: string | null;
  name?: string | null;
}

/** What is to be denied. */
export interface NewDenial {
  /** What it names. */
  by: "sub" | "client_id" | "jti" | "sid" | "act" | "kid" | "api_key" | "token_sha256";

  /** `now`, `all`, or a time (RFC 3339): tokens that were issued then or before, and those that do not say when. Without it
`now` for `sub` and `sid`, and `all` for the others. */
  issued_before?: string | null;

  /** The name of the identity provider whose tokens it is about, or an issuer; without it, or with `any`, those of all. */
  provider?: string | null;

  /** Why, in a few words. */
  reason?: string | null;

  /** Added to `issued_before`, such as `30s`, for clocks of a provider that run ahead; `leeway` is that of the provider. */
  skew?: string | null;

  /** `never`, a time (RFC 3339), or how long, such as `30d`; at most 366 days. Without it 30 days after `issued_before`; to
be given with `all`. */
  until?: string | null;

  /** The name. For `token_sha256` the token itself, which is not kept; for `api_key` the id of the key, or the key. */
  value: string;
}

/** What says how callers reach an agent. */
export type OriginSource = "agent" | "server" | "listener";

/** What a page of one origin gets. */
export interface PageAnswer {
  /** Whether calls of the page are refused with 403, whatever their credential. */
  is_refused: boolean;
  origin: string;

  /** The headers of the response to its preflight; absent where the agent itself answers. */
  preflight: HeaderField[] | null;

  /** The headers that the gateway adds to the response to its call. */
  response: HeaderField[];
}

/** The result of a probe. */
export interface Probe {
  /** The algorithms of the usable keys. */
  algorithms: Algorithm[];

  /** The issuer of the request. */
  issuer: string;

  /** The URL of its keys. */
  jwks_uri: string | null;

  /** The usable keys. */
  keys: ProbedKey[];

  /** The URL of its metadata. */
  metadata_url: string | null;

  /** Whether tokens of this provider can be verified. */
  ok: boolean;

  /** What keeps tokens of this provider from being verified. */
  problems: ProbeProblem[];

  /** The skipped keys. */
  skipped: SkippedKey[];

  /** The URL of its token endpoint. */
  token_endpoint: string | null;
}

/** A problem with an identity provider. */
export interface ProbeProblem {
  /** How to fix it. */
  help: string | null;

  /** What is wrong. */
  message: string;
}

/** The issuer to probe. */
export interface ProbeQuestion {
  insecure_http?: boolean;
  issuer: string;
  jwks_uri?: string | null;
}

/** A usable key. */
export interface ProbedKey {
  /** The algorithms that it verifies. */
  algorithms: Algorithm[];

  /** Its key id. */
  kid: string | null;
}

/** The document with the members of its listener. */
export interface Problem {
  agents?: string[];
  code: ProblemCode;

  /** With `outcome_unknown`: the id of the commit, for `GET /revisions?commit=ID`. */
  commit?: string | null;
  detail: string;
  diagnostics?: Diagnostic[];

  /** With `precondition_failed`: the last commit of a store that a fleet shares. */
  head?: StoreHead | null;

  /** With `not_understood_by`: the names of these members of the fleet. */
  members?: string[];

  /** With `commit_too_large`: what was asked for, and the most that is possible. */
  size?: CommitSize | null;
  status: number;
  title: string;
  type: "about:blank";
}

/** The stable code of a problem. */
export type ProblemCode =
  | "bad_json"
  | "bad_query"
  | "bad_precondition"
  | "unauthorized"
  | "forbidden_origin"
  | "not_found"
  | "method_not_allowed"
  | "timeout"
  | "read_only"
  | "managed_by_file"
  | "in_use"
  | "precondition_failed"
  | "too_large"
  | "unsupported_media_type"
  | "misdirected"
  | "invalid"
  | "not_accepted"
  | "precondition_required"
  | "store_failed"
  | "unavailable"
  | "store_unavailable"
  | "store_vanished"
  | "store_foreign"
  | "store_regressed"
  | "store_forked"
  | "torn_read"
  | "commit_too_large"
  | "outcome_unknown"
  | "not_understood_by";

/** An identity provider with all details. */
export interface ProviderDetail {
  etag: string;

  /** Its security events, where it has `events`. */
  events: EventStatus | null;
  file: string;
  health: Health;
  issuer: string;
  keys: number;
  managed_by: ManagedBy;
  name: string;
  source: string;

  /** As it is written. A file written by hand can hold a number where text is expected. */
  spec: JsonObject;
  status: ProviderStatus;
  used_by: string[];
  used_by_total: number;
}

export interface ProviderSpec {
  /** the signature algorithms that are accepted; default all of these */
  algorithms?: (
    | "RS256"
    | "RS384"
    | "RS512"
    | "PS256"
    | "PS384"
    | "PS512"
    | "ES256"
    | "ES384"
    | "ES512"
    | "EdDSA"
    | "Ed25519"
  )[];

  /** a file with certificates (PEM) that are trusted, too, when keys are fetched */
  ca_file?: string;

  /** the claim in which its tokens name the client; default the first of client_id, cid, azp and appid that is there */
  client_claim?: string;

  /** find the keys by OpenID Connect discovery or RFC 8414; the default source of keys */
  discovery?: boolean | {};

  /** the proxy through which keys are fetched, `http://proxy:3128`, or `none`; default what HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment say */
  egress_proxy?: string;

  /** take what it tells of its users' credentials, and deny them */
  events?: {
    /** take logout tokens (OpenID Connect Back-Channel Logout) at the same address: the client for which they are, or several; true: those that are audiences of `push` or of the agents that accept the provider */
    backchannel_logout?: boolean | string | string[];

    /** what an event about one session of a user ends: session: the tokens with its `sid`, or user: all tokens of the user, where access tokens have no `sid`; default session */
    ends?: "session" | "user";

    /** ask for security event tokens (RFC 8936) */
    poll?: {
      /** `aud` of a token must name this, or one of these; default the audiences of `push`, and of the agents that accept the provider */
      audience?: string | string[];

      /** the polling endpoint of the transmitter */
      endpoint: string;

      /** how often to ask; 1s to 1h; default 15s */
      interval?: string;

      /** a file with the bearer token to show there, or with a whole `Authorization`; read again when it changes */
      token_file?: string;
    };

    /** take security event tokens that are pushed (RFC 8935) to /.portcullis/events/NAME at any listener for agents */
    push?: {
      /** `aud` of a token must name this, or one of these */
      audience: string | string[];

      /** a file with the `Authorization` that the transmitter shows; one word is a bearer token; read again when it changes */
      authorization_file?: string;
    };
  };

  /** fetch keys over plain HTTP also from other hosts; default false */
  insecure_http?: boolean;

  /** how it is asked about tokens that only it can read (RFC 7662); absent: it is not, and takes JWTs alone */
  introspection?: {
    /** who the gateway is there */
    auth: {
      /** the id of the gateway as a client of the provider */
      client_id: string;

      /** how the secret is sent: basic, in `Authorization`, or post, in the form; default basic */
      method?: "basic" | "post";

      /** instead of a secret, a key with which the gateway signs who it is (RFC 7523) */
      private_key_jwt?: {
        /** what it signs with: RS256, PS256, ES256, ES384 or EdDSA */
        alg:
          | "RS256"
          | "RS384"
          | "RS512"
          | "PS256"
          | "PS384"
          | "PS512"
          | "ES256"
          | "ES384"
          | "ES512"
          | "EdDSA"
          | "Ed25519";

        /** the file with the private key (PEM) */
        key_file: string;
      };

      /** the file with its secret; a line end at its end is not part of it */
      secret_file?: string;

      /** instead of a secret, a certificate that the gateway shows (RFC 8705 section 2) */
      tls?: {
        /** the certificate (PEM) that is shown to the provider, with its chain; one that it signed itself will do where the provider knows it */
        cert_file: string;

        /** its private key */
        key_file: string;
      };
    };

    /** the URL of the introspection endpoint; default the one that the issuer's metadata names */
    endpoint?: string;

    /** the most questions under way at once; 1 to 10000; default 64 */
    max_in_flight?: number;

    /** how long a token counts as active after it was asked about: a revoked one passes for so long; 0s to 1h; default 1m */
    max_ttl?: string;

    /** how long a token counts as inactive after it was asked about; 0s to 1h; default 10s */
    negative_ttl?: string;

    /** responses must be signed (RFC 9701); default false */
    signed?: boolean;

    /** how long a question may take; 100ms to 30s; default 2s */
    timeout?: string;

    /** how its opaque tokens begin; empty: with anything; default [] */
    token_prefix?: string[];

    /** opaque: it is asked about tokens that are no JWT; all: about its verified JWTs as well, so that revoked ones are refused; default opaque */
    tokens?: "opaque" | "all";
  };

  /** compared byte for byte with `iss` of a token; needed without `spiffe` */
  issuer?: string;

  /** the key set itself */
  jwks?: JsonObject;

  /** read the key set from this file */
  jwks_file?: string;

  /** fetch the key set from this URL */
  jwks_uri?: string;

  /** how far clocks may differ; 0s to 5m; default 30s */
  leeway?: string;

  /** how often, and how many at once, callers with its tokens may ask; default [] */
  limits?: {
    /** how many requests of a rate are let in at once when none was made for long; 1 to 1000000; default the count of the rate */
    burst?: number;

    /** so many requests under way at once, streams included; this, `rate` or `quota`; 1 to 1000000 */
    concurrent?: number;

    /** all: requests that pass the rules; failed: those refused with 401, after which every request of the address is refused; default all */
    count?: "all" | "failed";

    /** how the members of a fleet count: local_share: each its part; shared: together in Redis, in the background; strict: each request asks Redis; the last two need `server.shared_state`; default local_share, and shared of a quota */
    counting?: "local_share" | "shared" | "strict";

    /** enforce, or shadow: count only; default enforce */
    enforcement?: "enforce" | "shadow";

    /** what it is called in metrics, logs and responses; once in a list */
    name: string;

    /** while Redis is away: share: each member lets its part in; allow: all pass; deny: all get 503; default share */
    on_loss?: "share" | "allow" | "deny";

    /** what it counts by: principal (issuer and subject of a token, or the API key), client_id, api_key, address (one of IPv4, a /64 of IPv6), agent, or claim:NAME; callers without it are counted together */
    per: string;

    /** so many requests in a day or a month of UTC, such as 1000/day or 20000/month, counted by all members in Redis; this, `rate` or `concurrent` */
    quota?: string;

    /** so many requests in a window, such as 100/1m; this, `concurrent` or `quota` */
    rate?: string;

    /** whether each agent counts by itself, or all agents with a limit of this name count together: agent or everywhere */
    scope: "agent" | "everywhere";
  }[];

  /** keys older than this are not used; not below `refresh`; 1s to 365d; default 1d */
  max_stale?: string;

  /** one PEM public key or certificate */
  public_key?: string;

  /** read one PEM public key or certificate from this file */
  public_key_file?: string;

  /** how often keys are fetched; 1s to 30d; default 10m */
  refresh?: string;

  /** scopes that its tokens have without naming them: a broad scope, and the narrow ones in it */
  scope_implies?: Record<string, string[]>;

  /** a trust domain of SPIFFE, whose workloads bring JWT-SVIDs; in place of `issuer` and a source of keys */
  spiffe?: {
    /** read the bundle from this file, again when it changes */
    bundle_file?: string;

    /** fetch the bundle with the keys from this https URL (the profile https_web) */
    bundle_url?: string;

    /** the trust domain, such as prod.example.com: `sub` of its tokens begins with spiffe://prod.example.com/ */
    trust_domain: string;
  };
}

/** The state of an identity provider. */
export interface ProviderStatus {
  /** How long ago that was, in seconds. */
  age_seconds: number | null;

  /** Whether the keys come from their source; `false` for keys stored by an earlier run. */
  confirmed: boolean;

  /** The state of its introspection; absent where it is not asked about tokens. */
  introspection?: IntrospectionStatus | null;

  /** The issuer of its tokens. */
  issuer: string;

  /** The usable keys, in the provider's order. */
  keys: KeyStatus[];

  /** The error of the last fetch; null when it succeeded. */
  last_error: string | null;

  /** When the source last confirmed the keys, in seconds since the epoch. */
  last_success: number | null;

  /** When the next fetch is due, in seconds since the epoch. */
  next_due: number | null;

  /** The name of the provider in the configuration. */
  provider: string;

  /** Where its keys are. */
  source: string;

  /** Whether the first fetch has ended, successful or not, or none is needed. */
  tried: boolean;

  /** Whether there are keys not older than `max_stale`. */
  usable: boolean;

  /** A problem of the key set that does not make it unusable. */
  warning: string | null;
}

/** An identity provider in a list. */
export interface ProviderSummary {
  health: Health;
  issuer: string;
  keys: number;
  managed_by: ManagedBy;
  name: string;
  source: string;
  used_by: string[];
  used_by_total: number;
}

/** One page of a list in the order of names. */
export interface ProviderSummaryPage {
  /** The items of the page. */
  items: ProviderSummary[];

  /** `after` of the next page; null on the last page. */
  next: string | null;

  /** The number of items on all pages. */
  total: number;
}

export type Reason =
  | "ok"
  | "no_route"
  | "token_missing"
  | "multiple_tokens"
  | "token_malformed"
  | "token_too_large"
  | "alg_not_allowed"
  | "typ_mismatch"
  | "issuer_unknown"
  | "issuer_not_allowed"
  | "exp_missing"
  | "token_expired"
  | "not_yet_valid"
  | "lifetime_too_long"
  | "audience_mismatch"
  | "binding_required"
  | "key_unknown"
  | "signature_invalid"
  | "revoked"
  | "token_inactive"
  | "scope_missing"
  | "claim_mismatch"
  | "keys_unavailable"
  | "introspection_unavailable"
  | "api_key_missing"
  | "api_key_invalid"
  | "api_key_expired"
  | "api_key_revoked"
  | "operation_denied"
  | "mcp_header_mismatch"
  | "mcp_batch"
  | "mcp_body"
  | "origin_denied"
  | "session_foreign"
  | "push_denied"
  | "rate_limited"
  | "concurrency_limited"
  | "quota_spent"
  | "limits_unavailable"
  | "profile_mismatch"
  | "client_not_allowed"
  | "actor_not_allowed"
  | "acr_insufficient"
  | "auth_too_old"
  | "proof_missing"
  | "proof_malformed"
  | "proof_mismatch"
  | "proof_stale"
  | "proof_replayed"
  | "nonce_required"
  | "proof_memory_full"
  | "certificate_missing"
  | "certificate_mismatch";

/** The requests of the last five minutes. */
export interface RecentRequests {
  failures_5m: number;
  requests_5m: number;
}

/** The revision that a member refused, with the first errors. */
export interface RefusedByMember {
  findings: MemberDiagnostic[];
  revision: number;
}

/** A caller that was refused: the holder of an API key (`key_id`), whoever a verified token names (`provider`, `sub`,
`client_id`), or where nothing was proven an `address`. All of them are null where not even that is known. */
export interface RefusedCaller {
  /** An address of IPv4, or the first one of a /64 of IPv6. */
  address: string | null;

  /** How often it was refused at least. */
  at_least: number;

  /** How often it was refused at most; more than `at_least` where many others were refused. */
  at_most: number;
  client_id: string | null;
  key_id: string | null;

  /** The name of the API key, while it exists. */
  key_name: string | null;

  /** When, the last time. */
  last_at: string;

  /** Why, the last time. */
  last_reason: Reason;

  /** The request that was refused last. */
  last_request_id: string;

  /** The name of the identity provider whose token it is. */
  provider: string | null;
  sub: string | null;
}

/** The callers that were refused most often, the first one the most; at most ten. */
export interface RefusedCallers {
  items: RefusedCaller[];

  /** Since when refusals are counted here. */
  since: string;
}

export interface RefusedChange {
  at: string;
  diagnostics: Diagnostic[];
}

/** The response to a request that is refused. */
export interface RefusedResponse {
  /** The body, with zeros for the id of the request. */
  body: string;

  /** `Content-Type` */
  content_type: string;

  /** `WWW-Authenticate`, where there is a challenge; two of them are separated by a comma. */
  www_authenticate: string | null;
}

/** The result of reading the configuration. */
export type ReloadOutcome = "applied" | "unchanged" | "refused";

/** The result of a reload. */
export interface Reloaded {
  result: ReloadOutcome;
  revision: string;
  warnings: Diagnostic[];
}

/** The document to restore. */
export interface Restore {
  resource: string;
}

/** A revision with the texts of its changes. */
export interface Revision {
  at: string;
  changes: ChangeWithTexts[];

  /** The id of the commit, in a store that a fleet shares. */
  commit?: string | null;
  number: number;
  what: string;
  who: string;
}

/** One page of revisions, newest first. */
export interface RevisionPage {
  /** The number of the last revision. */
  head: number;
  items: RevisionSummary[];
  next: number | null;
}

/** A revision in a list. */
export interface RevisionSummary {
  at: string;
  changes: Change[];

  /** The id of the commit, in a store that a fleet shares. */
  commit?: string | null;
  number: number;
  what: string;
  who: string;
}

/** The part of a revision to roll back; everything without `resource`. */
export interface RollBack {
  resource?: string | null;
}

/** How an API key is to be rotated. */
export interface RotateApiKey {
  expires_at?: string | null;
  expires_in?: string | null;

  /** How long the old key stays valid; default 1h. */
  overlap?: string | null;
}

/** The API key that replaces another. */
export interface RotatedApiKey {
  agent: string;
  created_at: string | null;
  dry_run: boolean;
  etag: string;
  expires_at: string | null;

  /** How far it got, when that was asked for. */
  fleet?: {
    /** Those that do not serve it yet. */
    behind: string[];

    /** The number of members. */
    members: number;

    /** Those that refused it. */
    refused: string[];

    /** The revision. */
    revision: number;

    /** How many of them serve it, or a later one. */
    running: number;
  };
  id: string;
  key: string;
  last_used_at: string | null;
  managed_by: ManagedBy;
  masked: string;
  name: string | null;
  old_expires_at: string;
  replaces: string;
  revoked_at: string | null;
  state: KeyState;
}

/** What the rules by operation said of one message. */
export interface RuledOperation {
  /** The method, or the name of the operation; empty of a response of the client. */
  method: string;

  /** The things that it is about: names of tools and prompts, URIs of resources. */
  names: string[];

  /** The rules that apply to it. None: it needs none, and the agent's own rules decide. */
  rules: AppliedRule[];

  /** All scopes that the operation needs, where a token with more of them would open it. */
  scopes: string | null;
}

/** A stream under way. */
export interface RunningStream {
  age_seconds: number;
  began: string;
  client_id: string | null;

  /** When the gateway ends the stream for it; null: it does not. */
  ends_at: string | null;

  /** When the caller's credential expires. */
  expires_at: string | null;
  id: number;
  key_id: string | null;
  kind: "websocket" | "sse" | "grpc" | "body";
  path: string;

  /** The name of the identity provider whose token began it; absent for an API key, and where anybody may call. */
  provider: string | null;
  request_id: string;
  sub: string | null;
}

/** The streams of an agent, oldest first. */
export interface RunningStreams {
  items: RunningStream[];
}

/** How many events of a type came to the same. */
export interface SecurityEventCount {
  /** How many. */
  count: number;

  /** What became of it. */
  result:
    | "denied"
    | "lifted"
    | "noted"
    | "repeated"
    | "overtaken"
    | "late"
    | "unmapped"
    | "ignored"
    | "rejected"
    | "unauthorized"
    | "failed";

  /** What happened. */
  type:
    | "session-revoked"
    | "credential-change"
    | "token-claims-change"
    | "account-disabled"
    | "account-purged"
    | "account-enabled"
    | "logout"
    | "verification"
    | "stream-updated"
    | "unknown"
    | "none";
}

/** How bad a finding is. */
export type Severity = "error" | "warning" | "note";

/** A skipped key. */
export interface SkippedKey {
  /** The key, by its position in the set and its id. */
  key: string;

  /** Why it is skipped. */
  reason: string;
}

/** The state of the gateway. */
export interface Status {
  attention: Attention[];
  broken_documents: BrokenDocument[];
  counts: Counts;
  draining: boolean;
  head: LastRevision;
  identity_providers: ProviderStatus[];
  last_reload: LastReload;
  listeners: Listener[];
  live: LiveRevision;
  member: ThisMember;
  public_url: string | null;
  refused: RefusedChange | null;
  started_at: string;
  store: Store;
  version: string;
  warnings: Diagnostic[];
}

export interface Store {
  kind: StoreKind;
  place: string | null;
  reason: string | null;
  writable: boolean;
}

/** The last commit of a store: who has made it since a caller last read. */
export interface StoreHead {
  /** The time of the commit. */
  at: string;

  /** The number of its revision. */
  revision: number;

  /** Its author. */
  who: string;
}

/** What a store keeps resources in. */
export type StoreKind = "directory" | "etcd" | "file";

/** The state of a shared store. */
export type StoreState = "ok" | "stale" | "vanished" | "foreign" | "regressed" | "forked" | "torn";

/** What ends a stream. */
export interface StreamEnd {
  /** Whether the head of the request asks for it. Else the request becomes one when its response is one. */
  asked_for: boolean;

  /** The code with which a WebSocket is closed then. */
  close_code: number | null;

  /** When the gateway ends the stream for that, at the latest; null: it does not. */
  ends_at: string | null;

  /** Its kind. */
  kind: "websocket" | "sse" | "grpc" | "body";

  /** What the end of the credential does to it. */
  on_expiry: "end" | "finish" | "off";

  /** When the right of the caller ends, leeway included; null: never. */
  right_ends_at: string | null;

  /** All of it in words. */
  says: string;
}

/** The resource or the part of the gateway that an entry is about. */
export interface Subject {
  kind: SubjectKind;
  name: string;
}

/** The kind of what an entry is about. */
export type SubjectKind =
  | "agent"
  | "api_key"
  | "file"
  | "gateway"
  | "identity_provider"
  | "listener"
  | "member"
  | "shared_state"
  | "store"
  | "upstream";

/** What a target is told. */
export interface TargetOrder {
  /** Whether it takes no new requests from now on, or takes them again. */
  drain: boolean;

  /** The target, as the `url` of its item says it. */
  url: string;
}

/** This gateway as a member of a fleet. */
export interface ThisMember {
  boot_id: string;
  name: string;
}

/** The most frequent reason. */
export interface TopRefusal {
  /** How often since the start. */
  count: number;

  /** Which. */
  reason: Reason;
}

/** The last minutes of the gateway, oldest first. */
export interface Traffic {
  /** What was allowed, per second. */
  allowed: number[];

  /** Decisions per second, by reason; reasons that did not occur are left out, and so is what would have been
refused. */
  by_reason: {
    acr_insufficient?: number[];
    actor_not_allowed?: number[];
    alg_not_allowed?: number[];
    api_key_expired?: number[];
    api_key_invalid?: number[];
    api_key_missing?: number[];
    api_key_revoked?: number[];
    audience_mismatch?: number[];
    auth_too_old?: number[];
    binding_required?: number[];
    certificate_mismatch?: number[];
    certificate_missing?: number[];
    claim_mismatch?: number[];
    client_not_allowed?: number[];
    concurrency_limited?: number[];
    exp_missing?: number[];
    introspection_unavailable?: number[];
    issuer_not_allowed?: number[];
    issuer_unknown?: number[];
    key_unknown?: number[];
    keys_unavailable?: number[];
    lifetime_too_long?: number[];
    limits_unavailable?: number[];
    mcp_batch?: number[];
    mcp_body?: number[];
    mcp_header_mismatch?: number[];
    multiple_tokens?: number[];
    no_route?: number[];
    nonce_required?: number[];
    not_yet_valid?: number[];
    ok?: number[];
    operation_denied?: number[];
    origin_denied?: number[];
    profile_mismatch?: number[];
    proof_malformed?: number[];
    proof_memory_full?: number[];
    proof_mismatch?: number[];
    proof_missing?: number[];
    proof_replayed?: number[];
    proof_stale?: number[];
    push_denied?: number[];
    quota_spent?: number[];
    rate_limited?: number[];
    revoked?: number[];
    scope_missing?: number[];
    session_foreign?: number[];
    signature_invalid?: number[];
    token_expired?: number[];
    token_inactive?: number[];
    token_malformed?: number[];
    token_missing?: number[];
    token_too_large?: number[];
    typ_mismatch?: number[];
  };

  /** The time between two points, in seconds. */
  interval_seconds: number;

  /** Half of the decisions took no longer than this, in milliseconds; absent where there were none. */
  p50_ms: (number | null)[];

  /** All but one of a hundred decisions took no longer than this. */
  p99_ms: (number | null)[];

  /** What was refused, per second. */
  refused: number[];

  /** When each point was taken, in seconds since the epoch. */
  times: number[];

  /** What went on and ended without an answer of its agent, per second. */
  upstream_failed: number[];

  /** What would have been refused, and went on because its agent is in shadow, per second. */
  would_refuse: number[];
}

/** The request to send. */
export interface Trial {
  body?: string | null;
  credential?: string | null;
  headers?: [string, string][];
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  path?: string;
}

/** One event. */
export type TrialEvent =
  | { event: "head"; headers: [string, string][]; ms: number; status: number }
  | { base64?: string; event: "data"; ms: number; text?: string }
  | { bytes: number; event: "end"; ms: number; truncated: boolean }
  | { event: "error"; message: string; ms: number };

/** The cause of an answer that is missing. */
export type UpstreamError =
  | "name_not_resolved"
  | "connect_refused"
  | "socket_not_found"
  | "connect_denied"
  | "connect_timeout"
  | "no_route_to_host"
  | "connect_failed"
  | "tls_handshake_failed"
  | "tls_handshake_timeout"
  | "tls_certificate_expired"
  | "tls_certificate_not_yet_valid"
  | "tls_name_mismatch"
  | "tls_unknown_issuer"
  | "not_tls"
  | "tls_certificate_invalid"
  | "read_timeout"
  | "stream_idle"
  | "write_timeout"
  | "connection_lost"
  | "connection_closed"
  | "invalid_response"
  | "http2_error"
  | "upstream_unauthorized"
  | "session_id_invalid"
  | "list_unreadable"
  | "too_many_in_flight"
  | "draining"
  | "no_descriptors"
  | "failed";

/** The last request that got no response from its agent, with its cause in words. */
export interface UpstreamFailure {
  at: string;
  cause: UpstreamError;
  detail: string;
  request_id: string;
}

/** The health of an agent's upstream. */
export interface UpstreamHealth {
  /** The number of failures since the gateway started, by cause. */
  failures: Record<string, number>;
  last_failure: UpstreamFailure | null;
  recent: RecentRequests;
}

/** A target of an agent. */
export interface UpstreamTarget {
  /** Requests under way there, streams among them. */
  in_flight: number;

  /** The last thing that went wrong there: a cause as in the access log, a status, or what a health check saw. */
  last_error: string | null;
  state: "healthy" | "ejected" | "unhealthy" | "draining" | "slow";
  url: string;
  weight: number;
  zone: string | null;
}

/** The targets of an agent, in the order in which they are written. */
export interface UpstreamTargets {
  items: UpstreamTarget[];
}

/** The authenticated client. */
export interface Whoami {
  /** How a client authenticated. */
  by: "token" | "session";
  expires_at: string | null;
}

/** A decision with all details. */
export interface WholeDecision {
  agent: string | null;
  aud: string | null;
  auth_method: "oauth" | "api_key" | "public" | "none";
  check: string | null;
  client_id: string | null;
  decision: "allow" | "deny" | "error" | "shadow_deny";
  fix: string | null;
  iss: string | null;
  key_id: string | null;
  key_name: string | null;
  kid: string | null;
  method: string;

  /** What it asked for, at an agent whose messages are read. */
  operation: AskedOperation | null;
  path: string;
  provider: string | null;
  reason: Reason;
  remote: string | null;
  request_id: string;
  seen: string | null;
  status: number | null;
  time: string;

  /** The members that hold claims of the caller that were not verified. */
  unverified: ("seen" | "client_id" | "iss" | "aud" | "kid")[];
  upstream_error: UpstreamError | null;
  wanted: string | null;
}

/** What a write did, or would do. */
export interface Written {
  diff: string;
  dry_run: boolean;
  etag: string | null;

  /** How far it got, when that was asked for. */
  fleet?: {
    /** Those that do not serve it yet. */
    behind: string[];

    /** The number of members. */
    members: number;

    /** Those that refused it. */
    refused: string[];

    /** The revision. */
    revision: number;

    /** How many of them serve it, or a later one. */
    running: number;
  };

  /** For an identity provider: the affected agents. */
  impact?: { agents: string[]; calls: number; window_seconds: number };
  live: string;

  /** For an identity provider with a new issuer or source of keys: the result of a probe. */
  probe?: {
    /** The algorithms of the usable keys. */
    algorithms: Algorithm[];

    /** The issuer of the request. */
    issuer: string;

    /** The URL of its keys. */
    jwks_uri: string | null;

    /** The usable keys. */
    keys: ProbedKey[];

    /** The URL of its metadata. */
    metadata_url: string | null;

    /** Whether tokens of this provider can be verified. */
    ok: boolean;

    /** What keeps tokens of this provider from being verified. */
    problems: ProbeProblem[];

    /** The skipped keys. */
    skipped: SkippedKey[];

    /** The URL of its token endpoint. */
    token_endpoint: string | null;
  };

  /** Other resources that the write removed. */
  removed?: string[];
  resource: string | null;
  revision: number | null;
  warnings: Diagnostic[];
}

/** A setting of an agent whose form field is derived from its shape; `pointer` is its place in the specification. */
export type PlainSetting = { pointer: string; doc: string } & (
  | { kind: "switch"; usual: boolean }
  | { kind: "choice"; words: string[]; numbers?: true }
  | { kind: "count" }
  | { kind: "text" }
);

export const PLAIN_SETTINGS: readonly PlainSetting[] = [
  {
    pointer: "/a2a/max_message",
    doc: "the longest message that is read; longer ones get 413; 1KiB to 64MiB; default 10MiB",
    kind: "text",
  },
  {
    pointer: "/a2a/rules/unlisted",
    doc: "what becomes of operations that no rule names, and of unknown methods and paths: deny or allow",
    kind: "choice",
    words: ["deny", "allow"],
  },
  {
    pointer: "/a2a/signatures",
    doc: "what becomes of the signatures of a card that is rewritten: strip them, resign (sign the card with the gateway's key, signed or not), or refuse a card that is signed; default strip",
    kind: "choice",
    words: ["strip", "resign", "refuse"],
  },
  {
    pointer: "/assertion/alg",
    doc: "the algorithm of the signature; the gateway has a key for each that an agent names; default ES256",
    kind: "choice",
    words: ["ES256", "EdDSA"],
  },
  {
    pointer: "/assertion/on_public",
    doc: "whether requests of callers who have proven nothing have one, too; default false",
    kind: "switch",
    usual: false,
  },
  {
    pointer: "/assertion/ttl",
    doc: "how long it is good, at most; never longer than the caller's credential; 5s to 1h; default 1m",
    kind: "text",
  },
  {
    pointer: "/cors/allow_credentials",
    doc: "whether browsers may send cookies along; default false",
    kind: "switch",
    usual: false,
  },
  {
    pointer: "/cors/max_age",
    doc: "how long a browser may remember the answer; 0s to 30d; default 1h",
    kind: "text",
  },
  {
    pointer: "/cors/preset",
    doc: "mcp: what clients of MCP in a browser need, to which the lists here are added; may stand for the whole mapping",
    kind: "choice",
    words: ["mcp"],
  },
  {
    pointer: "/enforcement",
    doc: "enforce, or shadow: decide, count and log, but let through; default enforce",
    kind: "choice",
    words: ["enforce", "shadow"],
  },
  { pointer: "/max_body", doc: "the largest request body; 1B to 1024GiB; default no limit", kind: "text" },
  {
    pointer: "/max_in_flight",
    doc: "the most requests under way at the agent; 1 to 1048576; default 4096",
    kind: "count",
  },
  {
    pointer: "/mcp/listing",
    doc: "which entries lists show at an agent with rules: all, those that the caller could use with more scopes (obtainable), or those that it may use now (permitted); default obtainable",
    kind: "choice",
    words: ["all", "obtainable", "permitted"],
  },
  {
    pointer: "/mcp/max_list",
    doc: "the longest list that is read for the rules; a longer one is 502; 1KiB to 64MiB; default 4MiB",
    kind: "text",
  },
  {
    pointer: "/mcp/max_message",
    doc: "the longest message that is read for the rules; longer ones get 413; 1KiB to 64MiB; default 1MiB",
    kind: "text",
  },
  {
    pointer: "/mcp/root_metadata",
    doc: "whether the host's root tells clients about this agent too; one agent of a host can; default false",
    kind: "switch",
    usual: false,
  },
  {
    pointer: "/mcp/rules/unlisted",
    doc: "what becomes of tools, resources, prompts and unknown methods that no rule names: deny or allow",
    kind: "choice",
    words: ["deny", "allow"],
  },
  {
    pointer: "/mcp/trust_mirrored_headers",
    doc: "decide by Mcp-Method and Mcp-Name without reading messages: only where the agent itself compares them with the message; default false",
    kind: "switch",
    usual: false,
  },
  {
    pointer: "/protocol",
    doc: "what the agent speaks: http, mcp, or a2a; default http",
    kind: "choice",
    words: ["http", "mcp", "a2a"],
  },
  {
    pointer: "/route/strip_path",
    doc: "take the prefix off before the request goes on; default false",
    kind: "switch",
    usual: false,
  },
  {
    pointer: "/streams/finish_within",
    doc: "how much longer streams go on that may finish; 0s to 1d; default 5m",
    kind: "text",
  },
  {
    pointer: "/streams/grace",
    doc: "how long streams go on after the end of the credential, up to a tenth less at random; 0s to 1h; default 5s",
    kind: "text",
  },
  {
    pointer: "/streams/on_expiry",
    doc: "what becomes of streams when the credential of their caller ends: end: they end, `grace` later; finish: they end `finish_within` after that; off: nothing; default end for WebSockets, event streams that answer a GET, subscriptions and gRPC, and finish for an event stream that answers another request",
    kind: "choice",
    words: ["end", "finish", "off"],
  },
  {
    pointer: "/streams/on_policy_change",
    doc: "which running streams a change ends: revocation: those whose agent, provider or API key it removes or revokes; end: those, and all when the agent's own policy changes; keep: none; default revocation",
    kind: "choice",
    words: ["revocation", "end", "keep"],
  },
  {
    pointer: "/streams/ws_close_code",
    doc: "the code with which a WebSocket is closed whose caller lost its right; default 1008",
    kind: "choice",
    words: ["1008", "3000", "4401"],
    numbers: true,
  },
  {
    pointer: "/upstream/balance",
    doc: "how requests are spread over targets: least_in_flight (of two that are drawn the one with fewer requests under way), round_robin, or hash; default least_in_flight",
    kind: "choice",
    words: ["least_in_flight", "round_robin", "hash"],
  },
  {
    pointer: "/upstream/cert_file",
    doc: "the certificate (PEM) that is shown to the upstream, with its chain; needs `key_file`; a changed file is used by new connections",
    kind: "text",
  },
  {
    pointer: "/upstream/connect_timeout",
    doc: "how long connecting may take; 1ms to 10m; default 5s",
    kind: "text",
  },
  {
    pointer: "/upstream/eject/base",
    doc: "for how long; so many times as long when it fails again, at most 5 minutes; 100ms to 1h; default 10s",
    kind: "text",
  },
  {
    pointer: "/upstream/eject/failures",
    doc: "so many failures in a row, without a good answer between them, take a target out; 1 to 1000; default 5",
    kind: "count",
  },
  {
    pointer: "/upstream/eject/max_share",
    doc: "the most targets of the agent that are out at once; never the last one; default 50%",
    kind: "text",
  },
  {
    pointer: "/upstream/hash",
    doc: "what the requests have in common that go to one target: principal, address, header:NAME or cookie:NAME",
    kind: "text",
  },
  {
    pointer: "/upstream/health/healthy",
    doc: "so many that pass in a row bring a target back; 1 to 100; default 2",
    kind: "count",
  },
  {
    pointer: "/upstream/health/host",
    doc: "the `Host` of the request; default that of the target",
    kind: "text",
  },
  {
    pointer: "/upstream/health/interval",
    doc: "the time from one check to the next, of which up to a tenth is left out by chance; 100ms to 1h; default 5s",
    kind: "text",
  },
  {
    pointer: "/upstream/health/path",
    doc: "the path that is asked for with GET, and perhaps a query",
    kind: "text",
  },
  {
    pointer: "/upstream/health/status",
    doc: "the statuses that pass: one, or two with a dash between; 100 to 599; default 200-399",
    kind: "text",
  },
  {
    pointer: "/upstream/health/timeout",
    doc: "how long the answer may take; 10ms to 1m; default 1s",
    kind: "text",
  },
  {
    pointer: "/upstream/health/unhealthy",
    doc: "so many that fail in a row take it out; 1 to 100; default 3",
    kind: "count",
  },
  {
    pointer: "/upstream/idle_timeout",
    doc: "how long a kept connection may rest and still be used; 1ms to 1h; default 30s",
    kind: "text",
  },
  { pointer: "/upstream/key_file", doc: "its private key", kind: "text" },
  {
    pointer: "/upstream/max_in_flight",
    doc: "the most requests under way at each target; 1 to 1048576; default no limit but the agent's",
    kind: "count",
  },
  {
    pointer: "/upstream/max_pending",
    doc: "the most requests that wait for a place at a target; one more gets 503; 0 to 65536; default 0",
    kind: "count",
  },
  {
    pointer: "/upstream/protocol",
    doc: "auto (HTTP/1.1 for http, what the server chooses for https), h1, h2 (https), or h2c (http); default auto",
    kind: "choice",
    words: ["auto", "h1", "h2", "h2c"],
  },
  {
    pointer: "/upstream/response_timeout",
    doc: "how long the head of the answer may take once the whole request is with the agent; 1ms to 1d; default 1m",
    kind: "text",
  },
  {
    pointer: "/upstream/retry/budget",
    doc: "of the requests in the window so many may be sent again; default 20%",
    kind: "text",
  },
  {
    pointer: "/upstream/retry/per_second",
    doc: "and so many a second beside them, of which as many may wait for an answer at once; 0 to 1000; default 3",
    kind: "count",
  },
  { pointer: "/upstream/retry/window", doc: "the window; 1s to 1m; default 10s", kind: "text" },
  {
    pointer: "/upstream/server_name",
    doc: "the name that the upstream's certificate must have, and that is sent to it (SNI); default the host of its URL",
    kind: "text",
  },
  {
    pointer: "/upstream/slow_start",
    doc: "how long the share of a target grows that was added or has recovered; 0s is off; 0s to 1h; default 30s",
    kind: "text",
  },
  {
    pointer: "/upstream/stream_idle_timeout",
    doc: "ends an answer or a tunnel that has been silent for so long; 1ms to 30d; default off",
    kind: "text",
  },
  {
    pointer: "/upstream_challenge",
    doc: "what becomes of the agent's own 401 and 403, where it speaks MCP: replace: its challenge is removed, and a 401 after the caller's credential was removed becomes a 502; or pass; default replace",
    kind: "choice",
    words: ["replace", "pass"],
  },
  {
    pointer: "/websocket",
    doc: "whether WebSocket upgrades pass; default true",
    kind: "switch",
    usual: true,
  },
];

/** The methods that a test request can have. */
export const TRIAL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** The least and the greatest value of a setting, as people write them, and the words that may stand there instead. */
export interface Bounds {
  kind: "count" | "duration" | "size";
  minimum: string;
  maximum: string;
  words?: string[];
}

/** Bounds by where a setting stands in the specification. */
export type AllBounds = Readonly<Record<string, Bounds>>;

export const AGENT_BOUNDS: AllBounds = {
  "/a2a/max_message": { kind: "size", maximum: "64MiB", minimum: "1KiB" },
  "/assertion/ttl": { kind: "duration", maximum: "1h", minimum: "5s" },
  "/auth/oauth/max_token_lifetime": { kind: "duration", maximum: "3660d", minimum: "1s" },
  "/auth/oauth/require/actor/max_depth": { kind: "count", minimum: "1", maximum: "16" },
  "/auth/oauth/require/max_auth_age": { kind: "duration", maximum: "366d", minimum: "1s" },
  "/auth/oauth/sender_constraint/max_age": { kind: "duration", maximum: "1h", minimum: "3s" },
  "/auth/oauth/sender_constraint/nonce/age": { kind: "duration", maximum: "1h", minimum: "1s" },
  "/auth/oauth/sender_constraint/replay_entries": { kind: "count", minimum: "16", maximum: "10000000" },
  "/cors/max_age": { kind: "duration", maximum: "30d", minimum: "0s" },
  "/max_body": { kind: "size", maximum: "1024GiB", minimum: "1B" },
  "/max_in_flight": { kind: "count", minimum: "1", maximum: "1048576" },
  "/mcp/max_list": { kind: "size", maximum: "64MiB", minimum: "1KiB" },
  "/mcp/max_message": { kind: "size", maximum: "64MiB", minimum: "1KiB" },
  "/streams/finish_within": { kind: "duration", maximum: "1d", minimum: "0s" },
  "/streams/grace": { kind: "duration", maximum: "1h", minimum: "0s" },
  "/upstream/connect_timeout": { kind: "duration", maximum: "10m", minimum: "1ms" },
  "/upstream/eject/base": { kind: "duration", maximum: "1h", minimum: "100ms" },
  "/upstream/eject/failures": { kind: "count", minimum: "1", maximum: "1000" },
  "/upstream/health/healthy": { kind: "count", minimum: "1", maximum: "100" },
  "/upstream/health/interval": { kind: "duration", maximum: "1h", minimum: "100ms" },
  "/upstream/health/timeout": { kind: "duration", maximum: "1m", minimum: "10ms" },
  "/upstream/health/unhealthy": { kind: "count", minimum: "1", maximum: "100" },
  "/upstream/idle_timeout": { kind: "duration", maximum: "1h", minimum: "1ms" },
  "/upstream/max_in_flight": { kind: "count", minimum: "1", maximum: "1048576" },
  "/upstream/max_pending": { kind: "count", minimum: "0", maximum: "65536" },
  "/upstream/response_timeout": { kind: "duration", maximum: "1d", minimum: "1ms" },
  "/upstream/retry/per_second": { kind: "count", minimum: "0", maximum: "1000" },
  "/upstream/retry/window": { kind: "duration", maximum: "1m", minimum: "1s" },
  "/upstream/slow_start": { kind: "duration", maximum: "1h", minimum: "0s" },
  "/upstream/stream_idle_timeout": { kind: "duration", maximum: "30d", minimum: "1ms", words: ["off"] },
};

export const PROVIDER_BOUNDS: AllBounds = {
  "/events/poll/interval": { kind: "duration", maximum: "1h", minimum: "1s" },
  "/introspection/max_in_flight": { kind: "count", minimum: "1", maximum: "10000" },
  "/introspection/max_ttl": { kind: "duration", maximum: "1h", minimum: "0s" },
  "/introspection/negative_ttl": { kind: "duration", maximum: "1h", minimum: "0s" },
  "/introspection/timeout": { kind: "duration", maximum: "30s", minimum: "100ms" },
  "/leeway": { kind: "duration", maximum: "5m", minimum: "0s" },
  "/max_stale": { kind: "duration", maximum: "365d", minimum: "1s" },
  "/refresh": { kind: "duration", maximum: "30d", minimum: "1s" },
};
