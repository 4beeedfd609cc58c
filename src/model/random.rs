//! The one source of randomness, and the alphabet of everything generated.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::id::DomainId;

/// What is made up and told to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Generated {
    /// The id of a registered client.
    ClientId,
    /// A client's secret.
    ClientSecret,
    /// A registration access token (RFC 7592 §3).
    RegistrationAccessToken,
    /// An initial access token (RFC 7591 §1.2).
    InitialAccessToken,
    /// An authorization code.
    AuthorizationCode,
    /// The first refresh token of a login; its successors are derived from it.
    RefreshToken,
    /// The `jti` of an access token.
    Jti,
}

impl Generated {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ClientId,
        Self::ClientSecret,
        Self::RegistrationAccessToken,
        Self::InitialAccessToken,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::Jti,
    ];

    /// The name, as the specifications write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::ClientSecret => "client_secret",
            Self::RegistrationAccessToken => "registration_access_token",
            Self::InitialAccessToken => "initial_access_token",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::Jti => "jti",
        }
    }

    /// What every value of the kind begins with: by it a token is known where one is presented.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ClientId | Self::ClientSecret | Self::Jti => "",
            Self::RegistrationAccessToken => "rat_",
            Self::InitialAccessToken => "iat_",
            Self::AuthorizationCode => "ac_",
            Self::RefreshToken => super::authorization::REFRESH_TOKEN,
        }
    }

    fn random(self) -> String {
        match self {
            Self::ClientId | Self::Jti => identifier(),
            _ => format!("{}{}", self.prefix(), secret()),
        }
    }
}

/// Where what is told to others comes from: the system's generator, or what a test has put in line before it.
#[derive(Debug, Clone, Default)]
pub enum Random {
    /// The operating system's generator.
    #[default]
    System,
    /// What waits in line, then the system's generator.
    Queued(Arc<Queue>),
}

impl Random {
    /// A new value.
    pub fn make(&self, domain_id: DomainId, what: Generated) -> String {
        let queued = match self {
            Self::System => None,
            Self::Queued(queue) => queue.take(domain_id, what),
        };
        queued.unwrap_or_else(|| what.random())
    }

    /// The client id of a client whose id follows from what it asked for: `derived`, or the one that stood in line when
    /// this was first asked.
    pub fn client_id_for(&self, domain_id: DomainId, derived: String) -> String {
        match self {
            Self::System => derived,
            Self::Queued(queue) => queue.stand_in(domain_id, derived),
        }
    }
}

/// Values that wait to be handed out, by domain and kind, in the order they came.
#[derive(Debug, Default)]
pub struct Queue(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    lines: BTreeMap<(DomainId, Generated), VecDeque<String>>,
    /// What stands for a derived client id.
    stand_ins: HashMap<(DomainId, String), String>,
}

impl Queue {
    /// Puts values at the end of a line.
    pub fn append(&self, domain_id: DomainId, what: Generated, values: impl IntoIterator<Item = String>) {
        self.waiting().lines.entry((domain_id, what)).or_default().extend(values);
    }

    /// What waits in a line.
    pub fn line(&self, domain_id: DomainId, what: Generated) -> Vec<String> {
        self.waiting().lines.get(&(domain_id, what)).into_iter().flatten().cloned().collect()
    }

    /// Empties the lines of a domain.
    pub fn clear(&self, domain_id: DomainId) {
        self.waiting().lines.retain(|(domain, _), _| *domain != domain_id);
    }

    /// Empties every line, and forgets what stood for derived ids.
    pub fn clear_all(&self) {
        *self.waiting() = Waiting::default();
    }

    fn take(&self, domain_id: DomainId, what: Generated) -> Option<String> {
        self.waiting().lines.get_mut(&(domain_id, what))?.pop_front()
    }

    fn stand_in(&self, domain_id: DomainId, derived: String) -> String {
        let mut waiting = self.waiting();
        let key = (domain_id, derived);
        if let Some(known) = waiting.stand_ins.get(&key) {
            return known.clone();
        }
        let next = waiting.lines.get_mut(&(domain_id, Generated::ClientId)).and_then(VecDeque::pop_front);
        let Some(next) = next else { return key.1 };
        waiting.stand_ins.insert(key, next.clone());
        next
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `N` bytes from the operating system's generator. Not from that of the cryptography library, which first measures the
/// jitter of the processor: on two cores that was a third of the time in which a throw-away server starts.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0u8; N];
    getrandom::fill(&mut buffer).expect("the system's random generator does not fail once the process runs");
    buffer
}

/// An identifier of 128 bits: 22 characters of `[A-Za-z0-9_-]`, never beginning with `-`.
pub fn identifier() -> String {
    url_safe::<16>()
}

/// A secret of 256 bits: 43 characters of `[A-Za-z0-9_-]`, never beginning with `-`.
pub fn secret() -> String {
    url_safe::<32>()
}

/// Encodes bytes in the alphabet used for identifiers and secrets.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn url_safe<const N: usize>() -> String {
    loop {
        let text = encode(&bytes::<N>());
        // A leading "-" would be taken for an option on a command line.
        if !text.starts_with('-') {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_in_line_is_handed_out_first_and_once() {
        let queue = Arc::new(Queue::default());
        let random = Random::Queued(Arc::clone(&queue));
        let (domain, other) = (DomainId(uuid::Uuid::from_u128(1)), DomainId(uuid::Uuid::from_u128(2)));
        queue.append(domain, Generated::ClientId, ["one", "two", "three"].map(str::to_owned));
        assert_eq!(random.make(domain, Generated::ClientId), "one");
        assert_eq!(random.make(other, Generated::ClientId).len(), 22);
        assert_eq!(random.client_id_for(domain, "derived".to_owned()), "two");
        assert_eq!(random.client_id_for(domain, "derived".to_owned()), "two");
        assert_eq!(random.client_id_for(other, "derived".to_owned()), "derived");
        assert_eq!(queue.line(domain, Generated::ClientId), ["three"]);
        queue.clear(domain);
        assert!(random.make(domain, Generated::RefreshToken).starts_with("rt_"));
        assert_eq!(Random::System.client_id_for(domain, "derived".to_owned()), "derived");
    }

    #[test]
    fn identifiers_and_secrets_keep_to_the_alphabet() {
        for _ in 0..500 {
            let (id, secret) = (identifier(), secret());
            assert_eq!((id.len(), secret.len()), (22, 43));
            for text in [id, secret] {
                assert!(!text.starts_with('-'));
                assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            }
        }
    }
}
