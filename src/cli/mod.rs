//! The command line: one file per subcommand. Usage errors exit 2, as everywhere.
//!
//! What a command prints goes to the writer that it is given; logs go to standard error.

mod api_key;
mod check;
mod completions;
mod demo;
mod denial;
mod exit;
mod explain;
mod explain_message;
mod explain_notes;
mod explain_print;
mod explain_target;
mod fleet;
mod gateway;
mod health;
mod import;
mod jwks;
mod manpage;
mod pinned;
mod place;
mod run;
mod schema;
mod status;
mod store;
mod surroundings;
mod why;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::telemetry::{LogFormat, init_logging};

use exit::Exit;

/// The gate in front of AI agents: lets a request through only when its caller proves who it is.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, max_term_width = 100, subcommand_required = true)]
pub(crate) struct Cli {
    /// How log lines are written: auto (text on a terminal, else JSON), json or text
    #[arg(long, global = true, default_value = "auto", value_name = "FORMAT")]
    log_format: LogFormat,
    /// The finest level that is logged: error, warn, info, debug or trace [default: info for run and demo,
    /// warn for the others]
    #[arg(long, global = true, value_name = "LEVEL")]
    log_level: Option<tracing::Level>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway in the foreground
    Run(run::Args),
    /// Check a configuration and print everything that is wrong with it
    Check(check::Args),
    /// Decide on a credential without forwarding, and show every check
    Explain(explain::Args),
    /// Refuse a caller, a client, a session, a key or a token from now on
    Deny(denial::Deny),
    /// Lift a denial
    Undeny(denial::Undeny),
    /// List the denials in force
    Denied(denial::Denied),
    /// Make API keys
    #[command(subcommand)]
    ApiKey(api_key::ApiKey),
    /// Print the key set with which the gateway's signatures are verified, or make a key
    Jwks(jwks::Args),
    /// Make, copy, export, import and resume stores as a whole
    #[command(subcommand)]
    Store(store::Store),
    /// Print the configuration of another gateway as one of ours, and what became of each line
    Import(import::Args),
    /// Print the JSON Schema of the configuration
    Schema,
    /// Ask a running gateway whether it is alive
    Health(health::Args),
    /// Say what needs attention, then what runs; exit 0 nothing, 1 something, 3 not reachable
    Status(status::Args),
    /// Say who of the gateways that share the store runs what; exit 0 all run it, 3 not yet, 4 refused somewhere
    Fleet(fleet::Args),
    /// Say what became of one request, and why
    Why(why::Args),
    /// Gateway, identity provider and agents in one process, to try it out
    Demo(demo::Args),
    /// Print a completion script
    Completions(completions::Args),
    /// Print the manual page (roff)
    Manpage,
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let serves = matches!(cli.command, Command::Run(_) | Command::Demo(_));
    let usual = if serves { tracing::Level::INFO } else { tracing::Level::WARN };
    // The demo talks to a person; only the gateway itself must not wait for the reader of its log.
    let is_gateway = matches!(cli.command, Command::Run(_));
    let log = init_logging(cli.log_format, cli.log_level.unwrap_or(usual), is_gateway);
    let (mut out, mut err) = (std::io::stdout(), log.line());
    let json = cli.log_format == LogFormat::Json;
    match dispatch(cli.command, json, &mut out, &mut err) {
        Ok(exit) => exit.into(),
        // A reader that has closed the pipe (`| head`) is no failure.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _told = writeln!(err, "error: {error}");
            ExitCode::from(1)
        }
    }
}

/// Runs a command line with other writers, for tests.
///
/// # Errors
/// When the output cannot be written.
pub fn run_with(
    args: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> std::io::Result<u8> {
    match Cli::try_parse_from(args) {
        Ok(cli) => dispatch(cli.command, false, out, err).map(Exit::code),
        Err(error) => {
            write!(err, "{error}")?;
            Ok(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

/// `json`: what keeps the gateway from starting is a line of its log, in JSON.
fn dispatch(command: Command, json: bool, out: &mut dyn Write, err: &mut dyn Write) -> std::io::Result<Exit> {
    match command {
        Command::Run(args) => run::run(args, json, err),
        Command::Check(args) => check::run(&args, out, err),
        Command::Explain(args) => explain::run(&args, out, err),
        Command::Deny(args) => denial::deny(&args, out, err),
        Command::Undeny(args) => denial::undeny(&args, out, err),
        Command::Denied(args) => denial::denied(&args, out, err),
        Command::ApiKey(command) => api_key::run(&command, out, err),
        Command::Jwks(args) => jwks::run(&args, out, err),
        Command::Store(command) => store::run(&command, out, err),
        Command::Import(args) => import::run(&args, out, err),
        Command::Schema => schema::run(out),
        Command::Health(args) => health::run(&args, out, err),
        Command::Status(args) => status::run(&args, out, err),
        Command::Fleet(args) => fleet::run(&args, out, err),
        Command::Why(args) => why::run(&args, out, err),
        Command::Demo(args) => demo::run(&args, out, err),
        Command::Completions(args) => completions::run(&args, Cli::command(), out),
        Command::Manpage => manpage::run(Cli::command(), out),
    }
}
