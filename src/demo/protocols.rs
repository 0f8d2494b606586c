//! What the demo says about its MCP server and its A2A agent: lines for clients that people have, and for curl.

use super::configuration::{PLANNER_ROUTE, TOOLS_ROUTE};
use super::guide::Guide;
use super::tools::{OPEN_TOOL, SCOPED_TOOL};

const JSON: &str = "-H 'Content-Type: application/json'";

impl Guide {
    /// The lines for the MCP server.
    pub(super) fn mcp(&self) -> String {
        let Self { gateway, issuer, .. } = self;
        let url = format!("http://{gateway}{TOOLS_ROUTE}/mcp");
        let token = |scope: &str| {
            let query = format!("resource={url}&scope={scope}");
            format!("\"Authorization: Bearer $(curl -s 'http://{issuer}/fresh-token?{query}')\"")
        };
        let call = |tool: &str, arguments: &str| {
            let params = format!(r#"{{"name":"{tool}","arguments":{arguments}}}"#);
            format!(r#"-d '{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'"#)
        };
        let refund = call(SCOPED_TOOL, r#"{"amount":42}"#);
        format!(
            r#"
An MCP server is at {url}
One of its tools is for everybody, one for callers with a token, one for those with one scope more.

10. What clients read to find the identity provider, when they know nothing but that URL:
   curl -s http://{gateway}/.well-known/oauth-protected-resource{TOOLS_ROUTE}/mcp

11. Its tools, as the inspector sees them (Node 22.19 or later):
   npx -y @modelcontextprotocol/inspector --cli {url} --transport http --method tools/list

12. Add it to Claude Code, Codex or an editor. They log in by themselves when a tool asks for a token; you are alice:
   claude mcp add --transport http portcullis-demo {url}
   codex mcp add portcullis-demo --url {url}
   .vscode/mcp.json (VS Code):  {{"servers":{{"portcullis-demo":{{"type":"http","url":"{url}"}}}}}}
   .cursor/mcp.json (Cursor):   {{"mcpServers":{{"portcullis-demo":{{"url":"{url}"}}}}}}

13. The tool for everybody, without a token:
   curl -s {url} {JSON} {open}

14. A tool that wants one scope more than this token has: 403, and the answer names all scopes that are needed:
   curl -i {url} {JSON} -H {narrow} {refund}

15. The step up: the same call with a token for those scopes:
   curl -s {url} {JSON} -H {broad} {refund}
"#,
            open = call(OPEN_TOOL, "{}"),
            narrow = token("tools:use"),
            broad = token("tools:use%20refunds:write"),
        )
    }

    /// The lines for the A2A agent.
    pub(super) fn a2a(&self) -> String {
        let Self { gateway, issuer, .. } = self;
        let base = format!("http://{gateway}{PLANNER_ROUTE}");
        let token = format!("\"Authorization: Bearer $(curl -s 'http://{issuer}/fresh-token')\"");
        let send = |method: &str| {
            let message = r#"{"messageId":"1","role":"ROLE_USER","parts":[{"text":"Lisbon"}]}"#;
            format!(
                r#"{JSON} -H 'A2A-Version: 1.0' -H {token} -d '{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"message":{message}}}}}'"#
            )
        };
        format!(
            r#"
An A2A agent is at {base}/ (with the slash: some clients need it).

16. Its card, for everybody: the gateway's addresses, and the token that it wants:
   curl -s {base}/.well-known/agent-card.json

17. A message to it, and one whose answer comes in pieces:
   curl -s {base}/rpc {whole}
   curl -sN {base}/rpc {pieces}
"#,
            whole = send("SendMessage"),
            pieces = send("SendStreamingMessage"),
        )
    }
}
