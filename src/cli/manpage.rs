//! `portcullis manpage`: one page with every subcommand, and with what no list of flags says.

use std::io::Write;

use clap::Command;
use clap_mangen::Man;

use super::exit::Exit;

/// What stands after the commands, in roff.
const REST: &str = r#".SH "EXIT STATUS"
.TP
.B 0
Done as asked; for run, after a drain; for explain, the call would be allowed.
.TP
.B 1
It could not be done, or the answer is no: the gateway cannot start, the configuration is not valid, the call would be denied, the gateway is not reachable.
.TP
.B 2
The command line is wrong.
.TP
.B 3
For status: nobody answers who could be asked. (There, 0 is that nothing needs attention, and 1 that something does.) For \-\-wait fleet: a member does not run the revision yet.
.TP
.B 4
For \-\-wait fleet: a member refuses the revision.
.SH FILES
.TP
.I ./portcullis.yaml, /etc/portcullis/portcullis.yaml
The configuration, when neither \-c nor PORTCULLIS_CONFIG names another. A folder is read as one configuration: all *.yaml in it.
.TP
.I store.directory
One file for each agent, identity provider and API key, under agents/, identity_providers/ and api_keys/; revisions/ is the history, audit.jsonl says who changed what. Written by one process.
.TP
.I server.state_dir
The last good key set of each identity provider. refusals/, there or else in store.directory, has the refusals of a day.
.TP
.I server.admin.token_file
The token of the control API and the console; made on the first start, mode 0600.
.TP
.I upgrade.sock
Where a process hands its listeners over: in state_dir, else in XDG_RUNTIME_DIR, else in /run/portcullis.
.SH ENVIRONMENT
.TP
.B PORTCULLIS_CONFIG
The configuration, when there is no \-c.
.TP
.B NAME
Whatever ${NAME} or ${NAME:\-default} in the configuration asks for, as plain text.
.TP
.B XDG_RUNTIME_DIR
See upgrade.sock.
.TP
.B NOTIFY_SOCKET
Set by systemd for Type=notify: the gateway says when it is ready, reloads and stops.
.SH SIGNALS
.TP
.B SIGTERM
Drains: no new connections, requests under way have shutdown.drain to end, then exit 0.
.TP
.B SIGINT
Stops at once.
.TP
.B SIGHUP
Reads the configuration again, as a change of a file does.
.TP
.B SIGUSR1
Opens the file of server.access_log again, for whoever has moved it away.
.TP
.B SIGQUIT
Hands the listeners to a process that was started with run \-\-upgrade, then drains.
.SH EXAMPLES
.nf
portcullis demo
portcullis check \-\-strict \-c /etc/portcullis && systemctl reload portcullis
portcullis check \-\-bind \-c portcullis.yaml
portcullis run \-c portcullis.yaml \-\-log\-format json
portcullis explain \-\-agent refunds \-\-token\-file token.txt GET /agents/refunds
portcullis api\-key create \-\-agent search\-agent \-\-name ci \-\-expires 30d
portcullis store export \-c portcullis.yaml \-o all.yaml
portcullis store copy \-c portcullis.yaml \-\-from directory:config \-\-to etcd \-\-dry\-run
portcullis manpage > /usr/local/share/man/man1/portcullis.1
.fi
"#;

/// Prints it.
pub(super) fn run(mut cli: Command, out: &mut dyn Write) -> std::io::Result<Exit> {
    cli.build();
    let mut page = Vec::new();
    let man = Man::new(cli.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    writeln!(page, ".SH COMMANDS")?;
    for command in cli.get_subcommands() {
        write_command(&mut page, command, "portcullis")?;
    }
    page.extend_from_slice(REST.as_bytes());
    man.render_version_section(&mut page)?;
    out.write_all(&page)?;
    Ok(Exit::Success)
}

/// One command, and those below it.
fn write_command(page: &mut Vec<u8>, command: &Command, above: &str) -> std::io::Result<()> {
    let name = format!("{above} {}", command.get_name());
    if command.get_name() == "help" {
        return Ok(());
    }
    writeln!(page, ".SS \"{name}\"")?;
    if let Some(about) = command.get_about() {
        writeln!(page, "{about}.")?;
    }
    let mut options = Vec::new();
    let own = command.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    Man::new(own).render_options_section(&mut options)?;
    for line in String::from_utf8_lossy(&options).lines().filter(|line| !line.starts_with(".SH")) {
        writeln!(page, "{line}")?;
    }
    command.get_subcommands().try_for_each(|below| write_command(page, below, &name))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::super::Cli;
    use super::*;

    #[test]
    fn one_page_has_every_command_and_every_section() {
        let mut page = Vec::new();
        run(Cli::command(), &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        for section in
            ["NAME", "SYNOPSIS", "COMMANDS", "\"EXIT STATUS\"", "FILES", "ENVIRONMENT", "SIGNALS", "EXAMPLES"]
        {
            assert!(page.contains(&format!(".SH {section}\n")), "{section}");
        }
        let mut cli = Cli::command();
        cli.build();
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            assert!(page.contains(&format!(".SS \"portcullis {}\"\n", command.get_name())), "{command}");
        }
        assert!(page.contains("portcullis api\\-key create") || page.contains("portcullis api-key create"));
        assert!(page.contains("\\-\\-strict"), "options are there");
        let pages: Vec<_> = page.lines().filter(|line| line.contains("(1)")).collect();
        assert!(pages.len() <= 1, "no page is named that does not exist: {pages:?}");
    }
}
