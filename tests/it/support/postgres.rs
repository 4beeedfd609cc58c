//! A PostgreSQL of one test's own, which goes away and comes back; and a wire to a database that can be cut or frozen.

use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A PostgreSQL of one test's own; stopped when dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
}

impl PrivatePostgres {
    /// A running one; `None` where the programs are not installed, or may not be run.
    pub fn start() -> Option<Self> {
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let programs = installed.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").exists());
        let Some(programs) = programs.max() else {
            eprintln!("skipped: no initdb below /usr/lib/postgresql");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(folder.path()).status();
            if !owned.is_ok_and(|status| status.success()) {
                eprintln!("skipped: there is no user postgres to run it as");
                return None;
            }
        }
        let postgres = Self { programs, folder, port: free_port() };
        let data = postgres.data();
        postgres
            .run("initdb", &["-D", &data, "-U", "postgres", "--auth=trust", "--no-sync", "--locale=C", "-E", "UTF8"]);
        postgres.up();
        Some(postgres)
    }

    /// The URL of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts it, and waits until it answers.
    pub fn up(&self) {
        let options = format!("-p {} -k {} -c listen_addresses=127.0.0.1", self.port, self.folder.path().display());
        self.run("pg_ctl", &["-D", &self.data(), "-l", &format!("{}/log", self.data()), "-o", &options, "-w", "start"]);
    }

    /// Stops it at once.
    pub fn down(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let ended = self.command(program, arguments).status().unwrap();
        assert!(ended.success(), "{program} {arguments:?}");
    }

    /// PostgreSQL's programs refuse to run as root.
    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() { as_postgres(&program) } else { Command::new(&program) };
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]).status();
    }
}

fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.starts_with(b"0"))
}

/// A port of 127.0.0.1 that nobody listens on.
pub fn free_port() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A wire to a database: bytes go through while it is open; frozen, they stay where they are and nobody is told.
#[derive(Debug)]
pub struct Wire {
    /// Where it begins.
    pub port: u16,
    frozen: Arc<Mutex<Arc<watch::Sender<bool>>>>,
}

impl Wire {
    /// A wire to this address.
    pub async fn to(address: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let frozen = Arc::new(Mutex::new(Arc::new(watch::channel(false).0)));
        let gates = frozen.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let gate = gates.lock().unwrap().clone();
                let Ok(far) = TcpStream::connect(&address).await else { continue };
                let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
                tokio::spawn(carry(near_read, far_write, gate.subscribe()));
                tokio::spawn(carry(far_read, near_write, gate.subscribe()));
            }
        });
        Self { port, frozen }
    }

    /// Lets nothing through, or everything again.
    pub fn freeze(&self, frozen: bool) {
        self.frozen.lock().unwrap().send_replace(frozen);
    }

    /// Leaves what is connected now frozen for ever; what connects from now on is not.
    pub fn abandon(&self) {
        self.freeze(true);
        let abandoned = std::mem::replace(&mut *self.frozen.lock().unwrap(), Arc::new(watch::channel(false).0));
        std::mem::forget(abandoned);
    }
}

async fn carry(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut buffer = [0; 8192];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if frozen.wait_for(|frozen| !frozen).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
