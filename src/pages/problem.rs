//! What people see when something cannot go on (RFC 6749 §4.1.2.1: an error that must not be redirected is shown).

use askama::Template;

use super::{Claimed, Frame, Link, Product};

/// An error, what it means and what to do.
#[derive(Debug, Clone, Template)]
#[template(path = "error.html")]
pub struct ErrorPage {
    /// What every page shows.
    pub frame: Frame,
    /// `h1#title`.
    pub title: String,
    /// `#explanation`: what happened, in plain words.
    pub explanation: String,
    /// `#technical`: the same as the application's developer reads it.
    pub technical: Option<String>,
    /// `ul#remedies`: what the person, or the application's developer, can do.
    pub remedies: Vec<String>,
    /// `#error-code`, as the specification names it.
    pub code: String,
    /// `#trace-id`: the attempt, to be quoted to an administrator.
    pub trace_id: Option<String>,
}

/// A client id that nobody knows here, or no longer: how to make the application register again.
#[derive(Debug, Clone, Template)]
#[template(path = "unknown_client.html")]
pub struct UnknownClient {
    /// What every page shows.
    pub frame: Frame,
    /// `#client-id`, as it came, by [`Claimed::long`].
    pub client_id: Claimed,
    /// `#explanation`: why it is not known.
    pub reason: String,
    /// The product that probably asked; see [`Product::of_redirect_uri`].
    pub likely: Option<Product>,
    /// `#trace-id`: the attempt, to be quoted to an administrator.
    pub trace_id: Option<String>,
}

impl UnknownClient {
    /// The products, the likely one first.
    fn products(&self) -> impl Iterator<Item = Product> {
        let others = Product::ALL.into_iter().filter(|product| !self.is_likely(*product));
        self.likely.into_iter().chain(others)
    }

    fn is_likely(&self, product: Product) -> bool {
        self.likely == Some(product)
    }
}

/// A page that only says something: look into your mail, your address is verified.
#[derive(Debug, Clone, Template)]
#[template(path = "notice.html")]
pub struct Notice {
    /// What every page shows.
    pub frame: Frame,
    /// `h1#title`.
    pub title: String,
    /// `#explanation`.
    pub text: String,
    /// `a#next`: where one goes from here.
    pub link: Option<Link>,
}
