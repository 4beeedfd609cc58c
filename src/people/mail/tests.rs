//! Mail by a small SMTP server, and mail in a folder.

use std::os::unix::fs::PermissionsExt as _;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::config::Settings;
use crate::model::time::UnixTime;

/// What a server was told.
struct Told {
    commands: Vec<String>,
    mail: String,
}

/// Takes one mail, or refuses its recipient.
async fn take_one(listener: TcpListener, refuse: bool) -> Told {
    let (stream, _) = listener.accept().await.unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut told = Told { commands: Vec::new(), mail: String::new() };
    let mut answer = "220 stub";
    loop {
        writer.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        let Ok(Some(line)) = lines.next_line().await else { return told };
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        told.commands.push(line);
        answer = match verb.as_str() {
            "EHLO" => "250-stub\r\n250 AUTH PLAIN",
            "AUTH" => "235 ok",
            "RCPT" if refuse => "550 nobody@example.com is unknown here",
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await.unwrap();
                while let Some(line) = lines.next_line().await.unwrap().filter(|line| line != ".") {
                    told.mail.push_str(&line);
                    told.mail.push('\n');
                }
                "250 taken"
            }
            "QUIT" => return told,
            _ => "250 ok",
        };
    }
}

fn settings(url: &str, from: &str, folder: &Path) -> config::Mail {
    let mut settings = Settings::default().mail;
    settings.smtp_url = Some(Secret::new(url)).filter(|url| !url.is_empty());
    from.clone_into(&mut settings.from);
    settings.folder = folder.to_owned();
    settings
}

fn mailer(url: &str, folder: &Path) -> Mailer {
    let clock = Clock::manual(UnixTime(1_790_000_000));
    Mailer::new(&settings(url, "Registrar <auth@example.com>", folder), clock).unwrap()
}

fn mail() -> Mail {
    Mail {
        to: "ada@example.com".to_owned(),
        subject: "Your invitation".to_owned(),
        text: "Hello,\n\nhttps://auth.example.com/main/register?invite=abc\n".to_owned(),
    }
}

#[tokio::test]
async fn a_server_is_logged_in_to_and_handed_the_mail() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://us%40er:pass%2Fword@{}", listener.local_addr().unwrap());
    let taking = tokio::spawn(take_one(listener, false));
    mailer(&url, Path::new("unused")).send(mail()).await.unwrap();
    let told = taking.await.unwrap();
    assert_eq!(told.commands[0], "EHLO example.com");
    // "\0us@er\0pass/word" in Base64.
    assert_eq!(told.commands[1], "AUTH PLAIN AHVzQGVyAHBhc3Mvd29yZA==");
    assert!(told.commands.iter().any(|line| line == "MAIL FROM:<auth@example.com>"), "{:?}", told.commands);
    assert!(told.commands.iter().any(|line| line == "RCPT TO:<ada@example.com>"), "{:?}", told.commands);
    for line in [
        "From: Registrar <auth@example.com>",
        "To: ada@example.com",
        "Subject: Your invitation",
        "Date: Mon, 21 Sep 2026 14:13:20 +0000",
        "Auto-Submitted: auto-generated",
        "https://auth.example.com/main/register?invite=abc",
    ] {
        assert!(told.mail.lines().any(|own| own == line), "{line}: {}", told.mail);
    }
}

#[tokio::test]
async fn a_refusal_names_the_servers_code_and_not_the_recipient() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let taking = tokio::spawn(take_one(listener, true));
    let error = mailer(&url, Path::new("unused")).send(mail()).await.unwrap_err().to_string();
    assert!(error.contains("550") && !error.contains('@'), "{error}");
    assert!(taking.await.unwrap().mail.is_empty());
}

#[tokio::test]
async fn without_a_server_a_mail_is_a_file_for_this_user_only() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("data/mail");
    for _ in 0..2 {
        mailer("", &folder).send(mail()).await.unwrap();
    }
    let files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert_eq!(file.extension().unwrap(), "eml");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("\r\nhttps://auth.example.com/main/register?invite=abc\r\n"), "{text}");
    }
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn no_header_can_be_smuggled_in() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer("", folder.path());
    for (to, subject) in [
        ("ada@example.com", "Hello\r\nBcc: eve@example.com"),
        ("ada@example.com", "Hello\nBcc: eve@example.com"),
        ("ada@example.com\r\nBcc: eve@example.com", "Hello"),
        ("ada@example.com, eve@example.com", "Hello"),
        ("Ada <ada@example.com>", "Hello"),
        ("ada", "Hello"),
    ] {
        let mail = Mail { to: to.to_owned(), subject: subject.to_owned(), text: String::new() };
        let refused = mailer.send(mail).await;
        assert!(matches!(refused, Err(MailError::Malformed(_))), "{to:?} {subject:?}: {refused:?}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_without_repeating_a_password() {
    for (url, expected) in [
        ("smtp://user:hunter2@mail.example.com/path", "more than user"),
        ("https://user:hunter2@mail.example.com", "must begin with smtps://"),
        ("smtps://user@mail.example.com", "both are needed"),
        ("smtps://:hunter2@mail.example.com", "both are needed"),
        ("smtps:hunter2", "names no host"),
        ("hunter2", "is not a URL"),
    ] {
        let refused = Mailer::new(&settings(url, "auth@example.com", Path::new("")), Clock::System).unwrap_err();
        let text = format!("{refused:#}");
        assert!(text.starts_with("mail.smtp_url") && text.contains(expected), "{url}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
    let refused = Mailer::new(&settings("", "nobody", Path::new("")), Clock::System).unwrap_err();
    assert!(refused.to_string().contains("mail.from"));
    let known = mailer("smtps://user:hunter2@mail.example.com", Path::new(""));
    assert!(!format!("{known:?}").contains("hunter2"), "{known:?}");
}
