//! `driftline completions`: what a shell needs to complete commands and options.

use clap::Args as ClapArgs;
use clap_complete::Shell;

use super::say;

/// Print completions for a shell.
///
/// The shell then completes commands, options and their values when you press Tab.
#[derive(ClapArgs, Debug)]
#[command(
    after_help = "Examples:\n  driftline completions bash > ~/.local/share/bash-completion/completions/driftline\n  driftline completions zsh > ~/.zfunc/_driftline\n  driftline completions fish > ~/.config/fish/completions/driftline.fish\n\nExit codes: 0; 3 for a shell that is not known."
)]
pub struct Args {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Runs the command; the exit code.
pub fn run(args: &Args) -> anyhow::Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "driftline", &mut text);
    say(|out| out.write_all(&text))?;
    Ok(0)
}
