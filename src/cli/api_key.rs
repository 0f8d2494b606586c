//! `portcullis api-key create`: a new key, shown once, and what to store of it.

use std::io::Write;

use crate::authn::ApiKeyText;
use crate::config::parse_duration;
use crate::model::{AgentName, Clock as _, Digest, SystemClock};

use super::exit::Exit;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ApiKey {
    /// Print a new key once, and the YAML (with its hash only) to store
    Create(Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agent that the key is for
    #[arg(long, value_name = "NAME", value_parser = |text: &str| AgentName::parse(text))]
    agent: AgentName,
    /// Whose key it is, in words
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// How long it is good, such as 12h or 30d
    #[arg(long, value_name = "DURATION", value_parser = |text: &str| parse_duration(text).map_err(|e| e.to_string()))]
    expires: Option<std::time::Duration>,
}

pub(super) fn run(command: &ApiKey, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    let ApiKey::Create(args) = command;
    let Some((id, key)) = ApiKeyText::generate() else {
        writeln!(err, "error: the system gives no random numbers")?;
        return Ok(Exit::Failure);
    };
    let text = key.expose_secret();
    writeln!(out, "{text}")?;
    writeln!(out)?;
    writeln!(out, "# The key above is shown once. Store what follows in the configuration:")?;
    writeln!(out, "api_keys:")?;
    writeln!(out, "  {id}:")?;
    writeln!(out, "    agent: {}", args.agent)?;
    if let Some(name) = &args.name {
        // JSON strings are YAML strings, whatever they hold.
        writeln!(out, "    name: {}", serde_json::Value::from(name.as_str()))?;
    }
    writeln!(out, "    sha256: \"{}\"", Digest::of(text.as_bytes()).to_hex())?;
    if let Some(expires) = args.expires {
        let at = SystemClock.now().plus(expires);
        let at = i64::try_from(at.unix()).ok().and_then(|s| jiff::Timestamp::from_second(s).ok());
        match at {
            Some(at) => writeln!(out, "    expires_at: {at}")?,
            None => {
                writeln!(err, "error: --expires lies too far in the future")?;
                return Ok(Exit::Usage);
            }
        }
    }
    Ok(Exit::Success)
}
