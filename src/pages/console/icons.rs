//! The console's icons: strokes in a square of 20 units, drawn in the colour of the text around them.

/// The `d` of an icon's path; empty for a name that is not here.
pub fn icon(name: &str) -> &'static str {
    match name {
        "overview" => "M3.5 3.5h5.5v6h-5.5zM11.5 3.5h5v3.5h-5zM11.5 9.5h5v7h-5zM3.5 12.5h5.5v4h-5.5z",
        "application" => "M3 4.5h14v11h-14zM3 8h14M5.5 6.25h.01M7.5 6.25h.01",
        "server" => "M3.5 3.5h13v5h-13zM3.5 11.5h13v5h-13zM6.5 6h.01M6.5 14h.01M10 6h4M10 14h4",
        "people" => {
            "M7.5 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 16.5c0-3 2.5-4.5 5.5-4.5s5.5 1.5 5.5 4.5M13 3.7a3 3 0 0 1 0 5.6M15 12.3c1.8.6 3 2 3 4.2"
        }
        "person" => "M10 9.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5zM3.5 17c0-3.2 3-5 6.5-5s6.5 1.8 6.5 5",
        "register" => "M5 2.5h7l3.5 3.5v11.5h-10.5zM12 2.5v3.5h3.5M8 11.5h4.5M10.25 9.25v4.5",
        "door" => "M11 3h5.5v14h-5.5M3 10h9M9 7l3 3-3 3",
        "key" => "M7 16.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5zM9.7 10.1l6.8-6.8M13.5 6.3l2.5 2.5",
        "scope" => "M10 2.5l6.5 2.5v4.5c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8v-4.5zM7 10l2.2 2.2 3.8-4.2",
        "shield" => "M10 2.5l6.5 2.5v4.5c0 4-2.7 6.7-6.5 8-3.8-1.3-6.5-4-6.5-8v-4.5z",
        "log" => "M4 3h12v14h-12zM7 7h6M7 10h6M7 13h3.5",
        "trace" => {
            "M4.5 6a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM15.5 11.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM4.5 17a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3zM6 4.5h4c2 0 2 5.5 4 5.5M6 15.5h4c2 0 2-5.5 4-5.5"
        }
        "settings" => {
            "M3 6h7M14 6h3M3 14h3M10 14h7M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM8 16a2 2 0 1 0 0-4 2 2 0 0 0 0 4z"
        }
        "domain" => {
            "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM2.5 10h15M10 2.5c2.5 2 3.5 4.7 3.5 7.5s-1 5.5-3.5 7.5c-2.5-2-3.5-4.7-3.5-7.5s1-5.5 3.5-7.5"
        }
        "token" => "M3 6h14v8h-14zM6.5 10h.01M10 10h.01M13.5 10h.01",
        "search" => "M9 14.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM13 13l4 4",
        "plus" => "M10 4v12M4 10h12",
        "check" => "M4.5 10.5l3.5 3.5 7.5-8",
        "cross" => "M5.5 5.5l9 9M14.5 5.5l-9 9",
        "alert" => "M10 3l7.5 13.5h-15zM10 8v4M10 14.25h.01",
        "info" => "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 9.5v4M10 6.5h.01",
        "minus" => "M5 10h10",
        "dot" => "M10 11.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3z",
        "down" => "M5.5 8l4.5 4.5 4.5-4.5",
        "right" => "M8 5.5l4.5 4.5-4.5 4.5",
        "left" => "M12 5.5l-4.5 4.5 4.5 4.5",
        "menu" => "M3 5.5h14M3 10h14M3 14.5h14",
        "clock" => "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM10 5.5v4.5l3 2",
        "leave" => "M8.5 3h-5v14h5M8 10h9M14 7l3 3-3 3",
        "link" => "M8 12l4-4M9 6l2-2a3.5 3.5 0 0 1 5 5l-2 2M11 14l-2 2a3.5 3.5 0 0 1-5-5l2-2",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_of_the_navigation_is_there() {
        use crate::pages::console::Section::*;
        for section in [
            Overview,
            Applications,
            McpServers,
            Users,
            Registration,
            Login,
            Keys,
            Scopes,
            Audit,
            Traces,
            Settings,
            Domains,
            Administrators,
            ApiTokens,
            ServerAudit,
            Account,
        ] {
            assert!(!icon(section.icon()).is_empty(), "{section:?}");
        }
        assert_eq!(icon("no such"), "");
    }
}
