//! Mail to people.

use std::path::PathBuf;

use tokio::io::AsyncWriteExt as _;

/// A mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

/// A mail that could not be sent.
#[derive(Debug, thiserror::Error)]
#[error("the mail could not be sent: {0}")]
pub struct MailError(#[from] std::io::Error);

/// What sends mails.
#[derive(Debug)]
pub struct Mailer {
    /// The file that mails are appended to.
    pub file: PathBuf,
}

impl Mailer {
    /// Sends a mail.
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let mut file = tokio::fs::OpenOptions::new().create(true).append(true).open(&self.file).await?;
        let text = format!("To: {}\nSubject: {}\n\n{}\n", mail.to, mail.subject, mail.text);
        file.write_all(text.as_bytes()).await?;
        file.flush().await?;
        Ok(())
    }
}
