//! A browser without script: it keeps cookies, follows redirects on the server, and fills in forms.

use http::Method;

use super::{Answer, Api};

/// A browser of one person.
#[derive(Debug, Clone)]
pub struct Browser {
    pub(super) api: Api,
    cookies: Vec<(String, String)>,
    /// Headers that are sent with every request besides the usual ones.
    pub headers: Vec<(String, String)>,
}

/// Where a browser ended up.
#[derive(Debug)]
pub enum Landed {
    /// On a page of the server.
    Page(Page),
    /// Sent away: the URL that is not the server's.
    Away(String),
}

/// A page of the server.
#[derive(Debug)]
pub struct Page {
    pub url: String,
    pub answer: Answer,
}

/// A form of a page.
#[derive(Debug, Clone)]
pub struct Form {
    /// Where it is posted.
    pub action: String,
    /// What is sent, as the page has it: hidden inputs, values filled in and choices made already, no buttons.
    pub fields: Vec<(String, String)>,
}

impl Browser {
    pub fn new(api: &Api) -> Self {
        Self { api: api.clone(), cookies: Vec::new(), headers: Vec::new() }
    }

    /// The value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Sets or replaces a cookie.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    /// One request, no redirect followed.
    pub async fn send(&mut self, method: Method, url: &str, form: Option<&[(String, String)]>) -> Answer {
        let cookie = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut headers: Vec<(&str, &str)> = vec![("accept", "text/html"), ("user-agent", "Test Browser 1.0")];
        if !cookie.is_empty() {
            headers.push(("cookie", &cookie));
        }
        let own = |name: &str| self.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
        if form.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            if !own("sec-fetch-site") {
                headers.push(("sec-fetch-site", "same-origin"));
            }
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let body = form.map(encode).unwrap_or_default();
        let answer = self.api.send(method, url, &headers, body).await;
        let set: Vec<(String, String)> = answer
            .headers
            .get_all("set-cookie")
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next()?.split_once('='))
            .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
            .collect();
        for (name, value) in set {
            self.set_cookie(&name, &value);
        }
        answer
    }

    /// Opens a URL and follows redirects as long as they stay on the server.
    pub async fn open(&mut self, url: &str) -> Landed {
        let answer = self.send(Method::GET, url, None).await;
        self.follow(url.to_owned(), answer).await
    }

    /// Posts a form with what the person typed or pressed.
    pub async fn submit(&mut self, form: &Form, typed: &[(&str, &str)]) -> Landed {
        let mut fields = form.fields.clone();
        for (name, value) in typed {
            fields.retain(|(known, _)| known != name);
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
        let answer = self.send(Method::POST, &form.action, Some(&fields)).await;
        self.follow(form.action.clone(), answer).await
    }

    async fn follow(&mut self, mut url: String, mut answer: Answer) -> Landed {
        for _ in 0..10 {
            if !answer.status.is_redirection() {
                return Landed::Page(Page { url, answer });
            }
            assert_eq!(answer.status, 303, "browsers are sent on by 303 alone");
            let location = answer.header("location").to_owned();
            let next = if location.starts_with('/') { format!("{}{location}", self.api.base) } else { location };
            if !next.starts_with(&format!("{}/", self.api.base)) {
                return Landed::Away(next);
            }
            answer = self.send(Method::GET, &next, None).await;
            url = next;
        }
        panic!("redirected in circles, last to {url}")
    }
}

impl Landed {
    /// The page, where there must be one.
    #[track_caller]
    pub fn page(self) -> Page {
        match self {
            Self::Page(page) => page,
            Self::Away(url) => panic!("sent away to {url}"),
        }
    }

    /// The URL away from the server, where there must be one.
    #[track_caller]
    pub fn away(self) -> String {
        match self {
            Self::Away(url) => url,
            Self::Page(page) => panic!("stayed at {}: {} {}", page.url, page.answer.status, page.answer.text),
        }
    }

    /// The parameters of the URL away from the server.
    #[track_caller]
    pub fn params(self) -> Vec<(String, String)> {
        let url = self.away();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

/// One parameter of a list that must have it once.
#[track_caller]
pub fn param<'a>(params: &'a [(String, String)], name: &str) -> &'a str {
    let mut found = params.iter().filter(|(known, _)| known == name);
    let (_, value) = found.next().unwrap_or_else(|| panic!("no {name} in {params:?}"));
    assert!(found.next().is_none(), "{name} stands twice in {params:?}");
    value
}

impl Page {
    /// The form with this id.
    #[track_caller]
    pub fn form(&self, id: &str) -> Form {
        let html = &self.answer.text;
        let marked =
            html.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no form#{id} at {}: {html}", self.url));
        let start = html[..marked].rfind('<').unwrap();
        assert!(html[start..].starts_with("<form"), "#{id} is no form");
        let end = start + html[start..].find("</form>").unwrap();
        let form = &html[start..end];
        let tag = &form[..form.find('>').unwrap()];
        assert_eq!(attribute(tag, "method").unwrap_or_default().to_ascii_lowercase(), "post");
        let action = attribute(tag, "action").expect("every form says where it goes");
        let mut fields = Vec::new();
        let mut rest = form;
        while let Some(at) = rest.find('<') {
            rest = &rest[at + 1..];
            let Some(close) = rest.find('>') else { break };
            let tag = &rest[..close];
            let Some(name) = attribute(tag, "name") else { continue };
            let kind = attribute(tag, "type").unwrap_or_default();
            let value = if tag.starts_with("textarea") {
                // The first line break after the tag is not part of the text.
                let text = &rest[close + 1..rest.find("</textarea>").expect("a text area ends")];
                Some(decode(text.strip_prefix('\n').unwrap_or(text)))
            } else if tag.starts_with("select") {
                let options = &rest[close + 1..rest.find("</select>").expect("a list ends")];
                let mut tags = options.split("<option").skip(1).map(|option| option.split('>').next().unwrap_or(""));
                let chosen = tags.clone().find(|tag| tag.ends_with(" selected")).or_else(|| tags.next());
                chosen.and_then(|tag| attribute(tag, "value"))
            } else if tag.starts_with("input") && matches!(kind.as_str(), "checkbox" | "radio") {
                let checked = tag.contains(" checked");
                checked.then(|| attribute(tag, "value").unwrap_or_else(|| "on".to_owned()))
            } else if tag.starts_with("input") {
                Some(attribute(tag, "value").unwrap_or_default())
            } else {
                None
            };
            fields.extend(value.map(|value| (name, value)));
        }
        let base = self.url.split('/').take(3).collect::<Vec<_>>().join("/");
        let action = if action.starts_with('/') { format!("{base}{action}") } else { action };
        Form { action, fields }
    }

    /// Where the link with this id leads.
    #[track_caller]
    pub fn link(&self, id: &str) -> String {
        let html = &self.answer.text;
        let marked = html.find(&format!("id=\"{id}\"")).unwrap_or_else(|| panic!("no a#{id} at {}: {html}", self.url));
        let start = html[..marked].rfind('<').unwrap();
        let tag = &html[start..start + html[start..].find('>').unwrap()];
        let href = attribute(tag, "href").expect("a link leads somewhere");
        let base = self.url.split('/').take(3).collect::<Vec<_>>().join("/");
        if href.starts_with('/') { format!("{base}{href}") } else { href }
    }

    /// The text of the element with this id, tags removed.
    #[track_caller]
    pub fn text(&self, id: &str) -> String {
        self.try_text(id).unwrap_or_else(|| panic!("no #{id} at {}: {}", self.url, self.answer.text))
    }

    /// The same where the element may be missing.
    pub fn try_text(&self, id: &str) -> Option<String> {
        let html = &self.answer.text;
        let marked = html.find(&format!("id=\"{id}\""))?;
        let start = html[..marked].rfind('<')?;
        let name: String = html[start + 1..].chars().take_while(char::is_ascii_alphanumeric).collect();
        let inner = start + html[start..].find('>')? + 1;
        let (mut depth, mut at) = (1, inner);
        while depth > 0 {
            let close = at + html[at..].find(&format!("</{name}"))?;
            let opened = html[at..close].matches(&format!("<{name}")).count();
            (depth, at) = (depth + opened - 1, close + 2);
            if depth == 0 {
                return Some(decode(&without_tags(&html[inner..close])));
            }
        }
        None
    }

    /// Whether the page has an element with this id.
    pub fn has(&self, id: &str) -> bool {
        self.answer.text.contains(&format!("id=\"{id}\""))
    }
}

fn without_tags(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let end = start + tag[start..].find('"')?;
    Some(decode(&tag[start..end]))
}

fn decode(text: &str) -> String {
    [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")]
        .iter()
        .fold(text.to_owned(), |text, (entity, plain)| text.replace(entity, plain))
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}

fn encode(fields: &[(String, String)]) -> String {
    let mut encoder = url::form_urlencoded::Serializer::new(String::new());
    encoder.extend_pairs(fields);
    encoder.finish()
}
