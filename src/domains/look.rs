//! How a domain looks to people: what every page of it is framed with, its stylesheet, its logo.

use aws_lc_rs::digest;
use bytes::Bytes;
use serde_json::json;

use super::Domains;
use crate::model::audit_event::{Actor, AuditEvent};
use crate::model::domain::Domain;
use crate::model::json::Object;
use crate::model::logo::{ImageKind, MAX_BYTES, check_logo};
use crate::model::look::{Color, Logo};
use crate::model::oauth_error::OAuthError;
use crate::model::random::encode;
use crate::pages::{Frame, accent_stylesheet};
use crate::store::cache::DomainEntry;

/// What every page of a domain shows around its content.
pub fn frame(domain: &DomainEntry) -> Frame {
    let name = &domain.domain.name;
    Frame {
        logo: domain.logo.as_ref().map(|logo| format!("/{name}/logo?v={}", logo.tag).into()),
        stylesheet: stylesheet(&domain.domain).map(|(file, _)| format!("/{name}/look/{file}").into()),
        ..Frame::new(shown_name(&domain.domain))
    }
}

/// The name that people know a domain by.
pub fn shown_name(domain: &Domain) -> &str {
    domain.settings.look.display_name.as_deref().unwrap_or(&domain.name)
}

/// The stylesheet of a domain's colour: a file name that changes with its content, and the content. `None`: it has the
/// common colours.
pub fn stylesheet(domain: &Domain) -> Option<(String, String)> {
    let accent = domain.settings.look.accent_color.as_deref().and_then(Color::parse)?;
    let css = accent_stylesheet(accent, ":root");
    let hash = digest::digest(&digest::SHA256, css.as_bytes());
    Some((format!("{}.css", encode(&hash.as_ref()[..12])), css))
}

impl Domains {
    /// Puts an image on the pages of a domain. `media_type`: what the image is said to be.
    pub async fn set_logo(
        &self,
        domain: &DomainEntry,
        (media_type, image): (&str, Bytes),
        actor: &Actor,
    ) -> Result<Logo, OAuthError> {
        if image.len() > MAX_BYTES {
            return Err(OAuthError::request_too_large(format!(
                "logo: has at most {} KiB; save it smaller",
                MAX_BYTES / 1024
            )));
        }
        let Some(said) = ImageKind::of(media_type) else {
            return Err(OAuthError::unsupported_media_type(
                "logo: send it as Content-Type image/png, image/jpeg or image/webp; SVG is not taken",
            ));
        };
        let kind = check_logo(&image).map_err(|problem| OAuthError::invalid_request(format!("logo: {problem}")))?;
        if kind != said {
            let (kind, said) = (kind.media_type(), said.media_type());
            return Err(OAuthError::invalid_request(format!("logo: is said to be {said}, but is {kind}")));
        }
        let logo = Logo::new(kind.media_type().to_owned(), image);
        let (before, after) = (domain.logo.as_ref().map(|logo| &*logo.tag), Some(&*logo.tag));
        let audit = self.logo_changed(domain, (before, after), ("domain.set_logo", actor));
        self.store.put_logo(domain.id(), &logo, &audit).await?;
        Ok(logo)
    }

    /// Takes the image from the pages of a domain.
    pub async fn remove_logo(&self, domain: &DomainEntry, actor: &Actor) -> Result<(), OAuthError> {
        let before = domain.logo.as_ref().map(|logo| &*logo.tag);
        let audit = self.logo_changed(domain, (before, None), ("domain.remove_logo", actor));
        if self.store.delete_logo(domain.id(), &audit).await? {
            return Ok(());
        }
        Err(OAuthError::not_found("the domain has no logo"))
    }

    fn logo_changed(
        &self,
        domain: &DomainEntry,
        (before, after): (Option<&str>, Option<&str>),
        (action, actor): (&'static str, &Actor),
    ) -> AuditEvent {
        let as_object = |tag: Option<&str>| Object::from_iter([("logo".to_owned(), json!(tag))]);
        actor
            .did(self.store.clock(), Some(domain.id()), action, &domain.domain.name)
            .changed(&as_object(before), &as_object(after))
    }
}
