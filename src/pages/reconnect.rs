//! How to make a product forget a client id that is not known here any more and register again (RFC 7591).
//!
//! # Design
//! Clients keep the id of their registration for good, and only a few notice that it was refused; the person has to
//! help. Each remedy is the product's own documented one or what its users report as working.

use url::Url;

/// A product that connects to MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Visual Studio Code.
    VsCode,
    /// Claude Code.
    ClaudeCode,
    /// claude.ai and Claude Desktop.
    Claude,
    /// `ChatGPT`.
    ChatGpt,
    /// Cursor.
    Cursor,
    /// The `mcp-remote` bridge.
    McpRemote,
    /// Codex CLI.
    Codex,
    /// Gemini CLI.
    GeminiCli,
    /// MCP Inspector.
    Inspector,
    /// Anything else.
    Other,
}

impl Product {
    /// In the order of the page.
    pub const ALL: [Self; 10] = [
        Self::VsCode,
        Self::ClaudeCode,
        Self::Claude,
        Self::ChatGpt,
        Self::Cursor,
        Self::McpRemote,
        Self::Codex,
        Self::GeminiCli,
        Self::Inspector,
        Self::Other,
    ];

    /// The value of `data-product`.
    pub fn key(self) -> &'static str {
        match self {
            Self::VsCode => "vscode",
            Self::ClaudeCode => "claude-code",
            Self::Claude => "claude",
            Self::ChatGpt => "chatgpt",
            Self::Cursor => "cursor",
            Self::McpRemote => "mcp-remote",
            Self::Codex => "codex",
            Self::GeminiCli => "gemini-cli",
            Self::Inspector => "mcp-inspector",
            Self::Other => "other",
        }
    }

    /// The product that a redirect URI belongs to, where it can be told: loopback ones are mostly alike.
    pub fn of_redirect_uri(uri: &str) -> Option<Self> {
        let uri = Url::parse(uri).ok()?;
        match (uri.scheme(), uri.host_str().unwrap_or_default()) {
            ("https", "vscode.dev" | "insiders.vscode.dev") => Some(Self::VsCode),
            ("https", "claude.ai" | "claude.com") => Some(Self::Claude),
            ("https", "chatgpt.com") => Some(Self::ChatGpt),
            ("https", "www.cursor.com" | "cursor.com") | ("cursor", _) => Some(Self::Cursor),
            ("http", "127.0.0.1") if uri.port() == Some(33418) => Some(Self::VsCode),
            ("http", "localhost" | "127.0.0.1") if uri.port() == Some(6274) => Some(Self::Inspector),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_told_by_where_the_answer_would_go() {
        for (uri, product) in [
            ("https://vscode.dev/redirect", Some(Product::VsCode)),
            ("http://127.0.0.1:33418/", Some(Product::VsCode)),
            ("https://claude.ai/api/mcp/auth_callback", Some(Product::Claude)),
            ("https://chatgpt.com/connector/oauth/abc", Some(Product::ChatGpt)),
            ("cursor://anysphere.cursor-mcp/oauth/callback", Some(Product::Cursor)),
            ("http://localhost:6274/oauth/callback", Some(Product::Inspector)),
            ("http://localhost:51234/callback", None),
            ("https://claude.ai.evil.example/", None),
            ("not a uri", None),
        ] {
            assert_eq!(Product::of_redirect_uri(uri), product, "{uri}");
        }
    }
}
