//! The arguments of `serve`, and which addresses it refuses to listen on.

use std::net::SocketAddr;

use clap::Args;
use cli_kit::exit::Failure;

use crate::migrate::Operate;
use crate::target::Subject;

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs<S: Subject> {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7272")]
    pub(crate) listen: SocketAddr,
    /// Let whoever has the token pause, pace, verify, advance and roll back
    ///
    /// The token is printed once and stored nowhere. Every request is in the history, with who
    /// made it and from where.
    #[arg(long)]
    pub(crate) control: bool,
    /// Need the token to read, too
    ///
    /// Any user of this machine can connect to a loopback address.
    #[arg(long)]
    pub(crate) private: bool,
    /// Also answer requests for this name, such as a reverse proxy's; repeatable
    #[arg(long = "allow-host", value_name = "HOST[:PORT]")]
    pub(crate) allow_host: Vec<String>,
    /// Listen on an address that other machines can reach, unencrypted; implies --private
    #[arg(long)]
    pub(crate) i_know_this_is_exposed: bool,
    #[command(flatten)]
    pub(crate) by: Operate<S>,
}

/// How a server is set up, from what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setup {
    pub(crate) listen: SocketAddr,
    pub(crate) control: bool,
    /// Whether reading needs the token, too.
    pub(crate) private: bool,
    pub(crate) allow_host: Vec<String>,
}

impl<S: Subject> ServeArgs<S> {
    pub(crate) fn setup(&self) -> Result<Setup, Failure> {
        let exposed = !self.listen.ip().to_canonical().is_loopback();
        if exposed && !self.i_know_this_is_exposed {
            return Err(Failure::refused(
                format!(
                    "{} can be reached from other machines, and nothing is encrypted",
                    self.listen
                ),
                "listen on 127.0.0.1 and forward the port (`ssh -L 7272:127.0.0.1:7272 HOST`), \
                 or add --i-know-this-is-exposed",
            ));
        }
        Ok(Setup {
            listen: self.listen,
            control: self.control,
            private: self.private || exposed,
            allow_host: self.allow_host.clone(),
        })
    }
}
