//! Well-known products, and clients that bear their names without leading to them (RFC 7591 §5, Unicode TR39 §4).
//!
//! # Design
//! Anybody may register under any name. What cannot be borrowed is where a product receives its answers: a name that
//! reads like a product's, with a redirect that is not the product's, is shown as what it is. Names are compared as
//! they look, not as they are spelled. Distinctive names count anywhere in a name, everyday words only as the whole.

use super::redirect_uri::{RedirectKind, RedirectUri};

/// A product that people know by name.
struct Product {
    /// As pages show it.
    name: &'static str,
    /// What counts wherever it stands in a name, as [`words`] writes it.
    distinctive: &'static [&'static str],
    /// What counts as the whole name only.
    whole: &'static [&'static str],
    /// Where it receives answers: these hosts and those below them.
    hosts: &'static [&'static str],
    /// The private-use schemes it answers to.
    schemes: &'static [&'static str],
    /// Whether it also listens on the person's own computer.
    loopback: bool,
}

/// The longer name stands before the one that it contains.
const PRODUCTS: &[Product] = &[
    Product {
        name: "Claude Code",
        distinctive: &["claudecode"],
        whole: &[],
        hosts: &["claude.ai", "claude.com"],
        schemes: &[],
        loopback: true,
    },
    Product {
        name: "Claude",
        distinctive: &["claude", "claudeai", "claudedesktop", "anthropic"],
        whole: &[],
        hosts: &["claude.ai", "claude.com"],
        schemes: &["claude"],
        loopback: false,
    },
    Product {
        name: "Codex",
        distinctive: &["openaicodex"],
        whole: &["codex", "codexcli", "codexmcpclient"],
        hosts: &["chatgpt.com"],
        schemes: &[],
        loopback: true,
    },
    Product {
        name: "ChatGPT",
        distinctive: &["chatgpt", "openai"],
        whole: &[],
        hosts: &["chatgpt.com", "openai.com"],
        schemes: &[],
        loopback: false,
    },
    Product {
        name: "Visual Studio Code",
        distinctive: &["vscode", "visualstudiocode"],
        whole: &["visualstudio", "vscodeinsiders", "visualstudiocodeinsiders"],
        hosts: &["vscode.dev"],
        schemes: &["vscode", "vscode-insiders"],
        loopback: true,
    },
    Product {
        name: "Cursor",
        distinctive: &["cursorai", "cursoride"],
        whole: &["cursor", "cursoreditor", "cursoragent"],
        hosts: &["cursor.com", "cursor.sh"],
        schemes: &["cursor"],
        loopback: true,
    },
    Product {
        name: "GitHub Copilot",
        distinctive: &["githubcopilot"],
        whole: &["copilotcli", "github"],
        hosts: &["github.com", "vscode.dev"],
        schemes: &["vscode", "vscode-insiders"],
        loopback: true,
    },
    Product {
        name: "Microsoft Copilot",
        distinctive: &["microsoftcopilot", "microsoft365copilot", "m365copilot"],
        whole: &["copilot", "copilotstudio"],
        hosts: &["teams.microsoft.com", "copilot.microsoft.com", "global.consent.azure-apim.net"],
        schemes: &[],
        loopback: false,
    },
    Product { name: "Gemini CLI", distinctive: &["geminicli"], whole: &[], hosts: &[], schemes: &[], loopback: true },
    Product {
        name: "Gemini",
        distinctive: &["googlegemini"],
        whole: &["gemini", "google"],
        hosts: &["gemini.google.com"],
        schemes: &[],
        loopback: true,
    },
    Product {
        name: "Windsurf",
        distinctive: &["windsurfeditor", "windsurfide"],
        whole: &["windsurf"],
        hosts: &["windsurf.com", "codeium.com"],
        schemes: &["windsurf"],
        loopback: true,
    },
    Product {
        name: "Zed",
        distinctive: &["zededitor", "zedindustries"],
        whole: &["zed"],
        hosts: &["zed.dev"],
        schemes: &["zed"],
        loopback: true,
    },
    Product {
        name: "opencode",
        distinctive: &["opencode"],
        whole: &[],
        hosts: &["opencode.ai"],
        schemes: &[],
        loopback: true,
    },
    Product {
        name: "Grok",
        distinctive: &[],
        whole: &["grok", "xaigrok"],
        hosts: &["grok.com", "x.ai"],
        schemes: &[],
        loopback: false,
    },
    Product {
        name: "MCP Inspector",
        distinctive: &["mcpinspector"],
        whole: &[],
        hosts: &[],
        schemes: &[],
        loopback: true,
    },
];

impl Product {
    fn is_named(&self, words: &[String]) -> bool {
        let whole = words.concat();
        let is = |known: &&str, text: &str| skeleton(known) == text;
        let longest = words.len().min(3);
        self.whole.iter().chain(self.distinctive).any(|known| is(known, &whole))
            || (1..=longest)
                .flat_map(|length| words.windows(length))
                .any(|run| self.distinctive.iter().any(|known| is(known, &run.concat())))
    }

    fn receives_at(&self, redirect: &RedirectUri) -> bool {
        match redirect.kind() {
            RedirectKind::Loopback => self.loopback,
            RedirectKind::Https => redirect.host().is_some_and(|host| {
                let host = host.to_ascii_lowercase();
                let below = |known: &str| host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
                self.hosts.iter().any(|known| host == *known || below(known))
            }),
            RedirectKind::PrivateUse => {
                let scheme = redirect.as_str().split(':').next().unwrap_or_default().to_ascii_lowercase();
                self.schemes.contains(&scheme.as_str())
            }
        }
    }
}

/// The well-known product whose name a client bears although one of these redirects is not the product's.
pub fn impersonates<'a>(name: &str, redirects: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let words = words(name);
    let product = PRODUCTS.iter().find(|product| product.is_named(&words))?;
    let genuine = |uri: &str| RedirectUri::parse(uri).is_ok_and(|uri| product.receives_at(&uri));
    (!redirects.into_iter().all(genuine)).then_some(product.name)
}

/// The words of a name as they look.
fn words(name: &str) -> Vec<String> {
    let visible: String = name.chars().filter(|c| !is_invisible(*c)).collect();
    let parts = visible.split(|c: char| !(c.is_alphanumeric() || "@$|!".contains(c)));
    parts.map(skeleton).filter(|word| !word.is_empty()).collect()
}

/// A text as it looks: case, accents, and letters that look alike do not count.
fn skeleton(text: &str) -> String {
    let folded: String = text.chars().flat_map(char::to_lowercase).filter_map(look).collect();
    folded.replace("rn", "m").replace("vv", "w")
}

/// The letter that a character looks like; none for marks that sit on the letter before.
fn look(c: char) -> Option<char> {
    let letter = match c {
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' => return None,
        // Fullwidth forms.
        '\u{ff01}'..='\u{ff5e}' => {
            return char::from_u32(u32::from(c) - 0xfee0).map(|c| c.to_ascii_lowercase()).and_then(look);
        }
        // Mathematical letters: thirteen alphabets of twice 26.
        '\u{1d400}'..='\u{1d6a3}' => {
            let index = (u32::from(c) - 0x1d400) % 26;
            return char::from_u32(u32::from('a') + index).and_then(look);
        }
        'i' | 'l' | '1' | '|' | '!' | 'ı' | 'í' | 'ì' | 'î' | 'ï' | 'ī' | 'į' | 'ł' | 'ľ' | 'ĺ' | 'ļ' | 'і' | 'ї'
        | 'ӏ' | 'ι' | 'ⅰ' | 'ⅼ' | 'ᛁ' | 'ɩ' | 'ǀ' => 'l',
        'o' | '0' | 'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' | 'ő' | 'о' | 'ο' | 'σ' | 'օ' | 'ᴏ' => 'o',
        'a' | '@' | '4' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' | 'ą' | 'ă' | 'а' | 'α' | 'ɑ' | 'ᴀ' => {
            'a'
        }
        'e' | '3' | 'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' | 'ė' | 'е' | 'ё' | 'є' | 'ε' | 'ҽ' | 'ᴇ' => {
            'e'
        }
        'u' | 'ú' | 'ù' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'υ' | 'ս' | 'ʋ' | 'ᴜ' => 'u',
        'c' | 'ç' | 'ć' | 'č' | 'с' | 'ϲ' | 'ⅽ' | 'ᴄ' => 'c',
        'd' | 'ď' | 'đ' | 'ԁ' | 'ⅾ' | 'ɗ' | 'ᴅ' => 'd',
        's' | '5' | '$' | 'ś' | 'š' | 'ş' | 'ѕ' | 'ꜱ' => 's',
        'n' | 'ñ' | 'ń' | 'ň' | 'ո' | 'η' | 'п' | 'ɴ' => 'n',
        'm' | 'м' | 'ⅿ' | 'ᴍ' => 'm',
        'p' | 'р' | 'ρ' | 'ᴘ' => 'p',
        'r' | 'ř' | 'ŕ' | 'г' | 'ᴦ' | 'ʀ' => 'r',
        't' | '7' | 'ť' | 'ţ' | 'т' | 'τ' | 'ᴛ' => 't',
        'g' | '9' | 'ğ' | 'ġ' | 'ɡ' | 'ց' | 'ɢ' => 'g',
        'h' | 'һ' | 'н' | 'հ' | 'ʜ' => 'h',
        'k' | 'к' | 'κ' | 'ᴋ' => 'k',
        'v' | 'ν' | 'ѵ' | 'ⅴ' | 'ᴠ' => 'v',
        'w' | 'ԝ' | 'ѡ' | 'ω' | 'ᴡ' => 'w',
        'x' | 'х' | 'χ' | 'ⅹ' => 'x',
        'y' | 'ý' | 'ÿ' | 'у' | 'γ' | 'ү' | 'ʏ' => 'y',
        'z' | 'ž' | 'ź' | 'ż' | 'ᴢ' => 'z',
        'b' | '6' | 'ь' | 'β' | 'в' | 'ʙ' => 'b',
        other => other,
    };
    Some(letter)
}

/// Characters without a picture of their own: directions, joiners, fillers, selectors, tags.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c),
        0xad | 0x34f | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
        | 0x202a..=0x202e | 0x2060..=0x206f | 0x2800 | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb
        | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(name: &str, redirect: &str) -> Option<&'static str> {
        impersonates(name, [redirect])
    }

    #[test]
    fn genuine_products_are_not_suspected() {
        for (name, redirect) in [
            ("Claude", "https://claude.ai/api/mcp/auth_callback"),
            ("Claude", "https://claude.com/api/mcp/auth_callback"),
            ("Claude Code", "http://localhost:51234/callback"),
            ("Claude Code (my server)", "http://127.0.0.1:51234/callback"),
            ("ChatGPT", "https://chatgpt.com/connector/oauth/abc"),
            ("Codex", "http://127.0.0.1:4321/callback"),
            ("Cursor", "cursor://anysphere.cursor-mcp/oauth/callback"),
            ("Cursor", "https://www.cursor.com/agents/mcp/oauth/callback"),
            ("Cursor", "http://localhost:8787/callback"),
            ("Visual Studio Code", "https://insiders.vscode.dev/redirect"),
            ("Visual Studio Code", "http://127.0.0.1:33418/"),
            ("Gemini CLI", "http://localhost:7777/oauth/callback"),
            ("Microsoft 365 Copilot", "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"),
            ("Zed", "http://127.0.0.1:5000/callback"),
            ("MCP Inspector", "http://localhost:6274/oauth/callback"),
        ] {
            assert_eq!(judged(name, redirect), None, "{name} at {redirect}");
        }
    }

    #[test]
    fn borrowed_names_are_told() {
        for (name, redirect, product) in [
            ("Claude", "https://evil.example/callback", "Claude"),
            ("Claude", "https://claude.ai.evil.example/callback", "Claude"),
            ("Claude", "https://notclaude.ai/callback", "Claude"),
            ("Claude", "http://localhost:1/callback", "Claude"),
            ("Claude by Anthropic", "https://evil.example/", "Claude"),
            ("The official Claude connector", "https://evil.example/", "Claude"),
            ("Claude Code", "https://evil.example/", "Claude Code"),
            ("VSCode", "https://evil.example/", "Visual Studio Code"),
            ("Visual-Studio Code", "evil://callback", "Visual Studio Code"),
            ("Cursor", "cursr://callback", "Cursor"),
            ("Chat GPT", "https://evil.example/", "ChatGPT"),
            ("zed", "https://evil.example/", "Zed"),
        ] {
            assert_eq!(judged(name, redirect), Some(product), "{name} at {redirect}");
        }
    }

    #[test]
    fn one_foreign_redirect_among_genuine_ones_is_enough() {
        let redirects = ["https://claude.ai/api/mcp/auth_callback", "https://evil.example/"];
        assert_eq!(impersonates("Claude", redirects), Some("Claude"));
        assert_eq!(impersonates("Claude", redirects.into_iter().take(1)), None);
    }

    #[test]
    fn names_are_compared_as_they_look() {
        for name in [
            "CLAUDE",
            "C\u{200b}lau\u{200d}de",
            "\u{421}l\u{430}ud\u{435}",
            "CIaude",
            "C1aude",
            "Claud\u{e9}",
            "Claude\u{301}",
            "\u{ff23}\u{ff4c}\u{ff41}\u{ff55}\u{ff44}\u{ff45}",
            "\u{1d402}\u{1d425}\u{1d41a}\u{1d42e}\u{1d41d}\u{1d41e}",
            "C l a u d e",
            "Cl@ude",
            "claude\u{202e}",
        ] {
            assert_eq!(judged(name, "https://evil.example/"), Some("Claude"), "{name}");
        }
    }

    #[test]
    fn names_of_others_are_left_alone() {
        for name in
            ["Claudette", "Text cursor tools", "My Gemini horoscope", "Acme", "", "\u{200b}", "Zeda", "Codex of law"]
        {
            assert_eq!(judged(name, "https://app.example/callback"), None, "{name}");
        }
    }
}
