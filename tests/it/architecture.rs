//! The invariants of `ARCHITECTURE.md`, checked by reading `src/`.
//!
//! A small reader blanks comments and literals, cuts out `#[cfg(test)]` items, and lists every path that the rest names
//! (`use` trees are spelled out, `super` and `self` are resolved). The rules are about those paths. They see what a
//! reviewer would see on the page; they do not expand macros.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Who may see whom: a module names its own layer and those before it.
const LAYERS: [&[&str]; 9] = [
    &["model"],
    &["store"],
    &[
        "config",
        "administrators",
        "clients",
        "domains",
        "provisioning",
        "tokens",
        "keys",
        "people",
        "pages",
        "fetch",
        "ops",
    ],
    &["app"],
    VERBS,
    &["routes", "edge", "health", "assets"],
    &["server"],
    &["startup", "housekeeping"],
    &["cli", "harness", "main", "lib"],
];

const VERBS: &[&str] = &["oauth", "oidc", "registration", "accounts", "admin"];
const SERVICES: &[&str] = LAYERS[2];

/// What one verb folder may use of another.
const SHARED_BY_VERBS: [&str; 6] = ["error", "params", "request", "bearer", "client_request", "browser"];

/// Files of `store/` whose methods are about the whole server, each with its reason.
const SERVER_WIDE_FILES: [(&str, &str); 13] = [
    ("mod", "connects, migrates, begins transactions"),
    ("backend", "connects, migrates, begins transactions"),
    ("cache", "reads through the methods checked here"),
    ("changes", "one feed for the server"),
    ("domains", "a domain is found before its id is known"),
    ("administrators", "they administer the server"),
    ("administrator_sessions", "they administer the server"),
    ("second_factors", "those of administrators"),
    ("api_tokens", "they administer the server, or one domain of it"),
    ("idempotent_requests", "they belong to whoever sent them, administrators and programs"),
    ("leases", "work that one replica does for all domains"),
    ("housekeeping", "clean-up of all domains"),
    ("data_keys", "the master key wraps one set for the server"),
];

/// Single methods of other files that are about the whole server: `(method, reason)`.
const SERVER_WIDE_METHODS: [(&str, &str); 5] = [
    ("load_revoked_tokens", "fills the memory of a starting process, in no request"),
    ("fill_search_words", "completes an older database, in no request"),
    ("add_counts", "writes a batch collected from all domains, in no request"),
    ("server_audit_events", "the events that belong to no domain, for those who administer the server"),
    ("write_secret_usage", "writes a batch collected from all domains, in no request"),
];

/// Process-wide state that is allowed: `(file, text of the line, reason)`.
const ALLOWED_STATE: [(&str, &str, &str); 1] =
    [("store/backend.rs", "static MIGRATIONS", "the migrations, read at compile time and never changed")];

/// Files that may exceed the limit: `(file, reason)`.
const ALLOWED_LENGTH: [(&str, &str); 0] = [];

/// Lines of a file without its tests.
const LONGEST_FILE: usize = 300;

#[test]
fn the_model_names_no_web_framework_no_query_and_no_outbound_request() {
    refuse("model/ is plain data: no axum, no SQL statement, no reqwest", |file, path| {
        file.module() == "model"
            && (matches!(path.root(), "axum" | "reqwest" | "hyper" | "tower" | "tower_http") || path.is_query())
    });
}

#[test]
fn sql_statements_stand_only_in_the_store() {
    refuse("every SQL statement stands in store/", |file, path| file.module() != "store" && path.is_query());
}

#[test]
fn outbound_requests_are_made_only_in_fetch() {
    refuse("reqwest stands only in fetch.rs", |file, path| file.module() != "fetch" && path.root() == "reqwest");
}

#[test]
fn the_system_clock_is_read_only_in_the_models_time() {
    refuse("only model/time.rs reads the system clock; elsewhere it is a Clock", |file, path| {
        file.name != "model/time.rs" && (path.has(&["SystemTime", "now"]) || path.has(&["Uuid", "now_v7"]))
    });
}

#[test]
fn randomness_comes_from_one_place() {
    refuse("randomness comes from model/random.rs", |file, path| {
        let source = matches!(path.root(), "rand" | "getrandom" | "fastrand")
            || path.has(&["aws_lc_rs", "rand"])
            || path.has(&["Uuid", "new_v4"]);
        // Signing takes a handle to the generator, for its nonces.
        let signing = file.module() == "keys" && path.has(&["rand", "SystemRandom"]);
        source && !signing && file.name != "model/random.rs"
    });
}

#[test]
fn the_store_names_no_http_type_and_no_protocol_error() {
    refuse("store/ knows neither HTTP nor OAuthError", |file, path| {
        file.module() == "store"
            && (matches!(path.root(), "http" | "http_body" | "axum" | "hyper" | "tower" | "tower_http")
                || path.names("OAuthError")
                || path.names("oauth_error"))
    });
}

#[test]
fn services_name_no_extractor() {
    refuse("a service takes plain values; extractors belong to the verbs", |file, path| {
        SERVICES.contains(&file.module())
            && (path.has(&["axum", "extract"]) || path.names("FromRequest") || path.names("FromRequestParts"))
    });
}

#[test]
fn arrows_between_layers_only_point_down() {
    refuse("a module names only its own layer and those below it", |file, path| {
        path.in_crate().is_some_and(|target| match (layer_of(file.module()), layer_of(target)) {
            (Some(from), Some(to)) => to > from,
            _ => false,
        })
    });
}

#[test]
fn every_top_level_module_has_a_layer() {
    let strangers: Vec<String> = sources()
        .iter()
        .filter(|file| layer_of(file.module()).is_none())
        .map(|file| format!("src/{}:1: give `{}` a place in LAYERS", file.name, file.module()))
        .collect();
    assert!(strangers.is_empty(), "{}", strangers.join("\n"));
}

#[test]
fn verb_folders_share_only_how_requests_begin_and_errors_end() {
    refuse(
        "verb folders import one another only through oauth::{error, params, request, bearer, client_request, browser}",
        |file, path| {
            let Some(target) = path.in_crate() else { return false };
            let shared =
                target == "oauth" && path.segments.get(2).is_some_and(|s| SHARED_BY_VERBS.contains(&s.as_str()));
            // Whoever cancels on a page is answered there as the authorization endpoint answers.
            let cancelled = path.has(&["oauth", "authorize", "cancelled"]);
            VERBS.contains(&file.module())
                && VERBS.contains(&target)
                && target != file.module()
                && !shared
                && !cancelled
        },
    );
}

#[test]
fn no_transaction_leaves_the_store() {
    let rule = "whatever must be atomic is one store method";
    refuse(rule, |file, path| file.module() != "store" && path.root() == "sqlx" && path.names("Transaction"));
    refuse_lines(rule, |file, line| {
        file.module() != "store"
            && [".begin(", ".begin_with(", ".commit(", ".rollback("].iter().any(|c| line.contains(c))
    });
}

#[test]
fn store_methods_about_a_tenants_things_take_the_domain_first() {
    let mut violations = Vec::new();
    let sources = sources();
    let carriers = types_with_a_domain(sources.iter().map(|file| file.product.as_str()));
    for file in sources.iter().filter(|file| file.module() == "store") {
        let stem = file.name.trim_start_matches("store/").trim_end_matches(".rs");
        if SERVER_WIDE_FILES.iter().any(|(name, _)| *name == stem) {
            continue;
        }
        for (line, method) in methods_without_domain(&file.product, &carriers) {
            if !SERVER_WIDE_METHODS.iter().any(|(name, _)| *name == method) {
                let rule = "takes neither a DomainId nor a thing that has one as its first parameter";
                violations.push(format!("src/{}:{line}: `{method}` {rule}", file.name));
            }
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn the_library_has_no_process_wide_state() {
    let rule = "many servers run in one process: no static, no thread-local, no global installer";
    let installers = ["set_global_default", "set_global_recorder", "set_boxed_logger", "set_logger", "install_default"];
    refuse_lines(rule, |file, line| {
        let found = has_static(line)
            || ["thread_local!", "lazy_static!", "env::set_var", "set_hook("].iter().any(|s| line.contains(s))
            || installers.iter().any(|name| has_word(line, name));
        let allowed = ALLOWED_STATE.iter().any(|(name, text, _)| *name == file.name && line.contains(text));
        found && !allowed && file.name != "main.rs"
    });
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("src/{}:1: the first line should be a `//!` line that says what the file is", file.name))
        .collect();
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn no_file_is_longer_than_three_hundred_lines_without_its_tests() {
    let mut long = String::new();
    for file in sources() {
        let lines = file.text.lines().count() - file.test_lines;
        if lines > LONGEST_FILE && !ALLOWED_LENGTH.iter().any(|(name, _)| *name == file.name) {
            let _ = writeln!(long, "src/{}:{LONGEST_FILE}: {lines} lines; two things share this file", file.name);
        }
    }
    assert!(long.is_empty(), "{long}");
}

/// Fails with `file:line` for each path that `breaks` the rule.
fn refuse(rule: &str, breaks: impl Fn(&Source, &Named) -> bool) {
    let mut violations = String::new();
    for file in &sources() {
        for path in file.paths().iter().filter(|path| breaks(file, path)) {
            let _ = writeln!(violations, "src/{}:{}: `{}`: {rule}", file.name, path.line, path.segments.join("::"));
        }
    }
    assert!(violations.is_empty(), "{violations}");
}

/// Fails with `file:line` for each line of code that `breaks` the rule.
fn refuse_lines(rule: &str, breaks: impl Fn(&Source, &str) -> bool) {
    let mut violations = String::new();
    for file in &sources() {
        for (number, line) in file.product.lines().enumerate().filter(|(_, line)| breaks(file, line)) {
            let _ = writeln!(violations, "src/{}:{}: `{}`: {rule}", file.name, number + 1, line.trim());
        }
    }
    assert!(violations.is_empty(), "{violations}");
}

fn layer_of(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// One file of `src/`.
struct Source {
    /// Its path below `src/`.
    name: String,
    /// As it stands on disk.
    text: String,
    /// Without comments, literals and tests; the lines keep their numbers.
    product: String,
    /// How many lines the tests take up.
    test_lines: usize,
}

impl Source {
    /// The top-level module that the file belongs to.
    fn module(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or(&self.name);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn paths(&self) -> Vec<Named> {
        let module: Vec<&str> = self.name.trim_end_matches(".rs").split('/').filter(|s| *s != "mod").collect();
        let module = if matches!(module[..], ["main" | "lib"]) { &[] } else { &module[..] };
        named_paths(&self.product, module)
    }
}

/// All of `src/`. Test-only files (`tests.rs`, `tests/`) are left out.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src/ is readable") {
            let path = entry.expect("src/ is readable").path();
            let below = path.strip_prefix(&root).expect("it was found below src/");
            let name = below.to_str().expect("file names are UTF-8").replace('\\', "/");
            if path.is_dir() {
                if !name.ends_with("/tests") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") && !name.ends_with("/tests.rs") {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let (product, test_lines) = cut_tests(&blank_comments_and_literals(&text));
                found.push(Source { name, text, product, test_lines });
            }
        }
    }
    assert!(found.len() >= 10, "only {} files found below {}", found.len(), root.display());
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A path as the code names it; paths into this crate begin with `crate`.
#[derive(Debug, PartialEq)]
struct Named {
    line: usize,
    segments: Vec<String>,
}

impl Named {
    fn root(&self) -> &str {
        &self.segments[0]
    }

    /// The top-level module that a path into this crate names.
    fn in_crate(&self) -> Option<&str> {
        (self.root() == "crate").then(|| self.segments.get(1)).flatten().map(String::as_str)
    }

    fn names(&self, segment: &str) -> bool {
        self.segments.iter().any(|s| s == segment)
    }

    fn has(&self, run: &[&str]) -> bool {
        self.segments.windows(run.len()).any(|window| window.iter().zip(run).all(|(a, b)| a == b))
    }

    fn is_query(&self) -> bool {
        let statement = |s: &String| s.starts_with("query") || s == "raw_sql" || s == "QueryBuilder";
        self.root() == "sqlx" && self.segments.get(1).is_some_and(statement)
    }
}

/// Replaces comments and the insides of literals by blanks, so that what is left is code in its place.
fn blank_comments_and_literals(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if let Some(end) = literal_or_comment_end(&chars, at) {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    out
}

/// Where the comment or literal that begins here ends; `None` if none begins here.
fn literal_or_comment_end(chars: &[char], at: usize) -> Option<usize> {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let in_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next(1) == '/' => Some((at..chars.len()).find(|i| chars[*i] == '\n').unwrap_or(chars.len())),
        '/' if next(1) == '*' => Some(block_comment_end(chars, at)),
        '"' => Some(string_end(chars, at + 1)),
        'r' if !in_word && matches!(next(1), '"' | '#') => raw_string_end(chars, at + 1),
        'b' | 'c' if !in_word && next(1) == 'r' && matches!(next(2), '"' | '#') => raw_string_end(chars, at + 2),
        // A character, not a lifetime: 'x' or an escape.
        '\'' if next(1) == '\\' => (at + 3..chars.len()).find(|i| chars[*i] == '\'').map(|i| i + 1),
        '\'' if next(2) == '\'' => Some(at + 3),
        _ => None,
    }
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut i) = (0, at);
    while i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (depth, i) = (depth + 1, i + 2),
            ('*', Some('/')) => (depth, i) = (depth - 1, i + 2),
            _ => i += 1,
        }
        if depth == 0 {
            return i;
        }
    }
    i
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn raw_string_end(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    // `r#name` is an identifier.
    if chars.get(at + hashes) != Some(&'"') {
        return None;
    }
    let closes =
        |i: usize| chars[i] == '"' && chars[i + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (at + hashes + 1..chars.len()).find(|i| closes(*i)).map(|i| i + hashes + 1)
}

/// Blanks every item under `#[cfg(test)]`, and counts the lines that they took up.
fn cut_tests(code: &str) -> (String, usize) {
    const MARK: &str = "#[cfg(test)]";
    let mut bytes = code.as_bytes().to_vec();
    let (mut from, mut lines) = (0, 0);
    while let Some(found) = code[from..].find(MARK) {
        let start = from + found;
        let (mut depth, mut end) = (0, code.len());
        for (i, byte) in bytes.iter().enumerate().skip(start + MARK.len()) {
            match byte {
                b'{' | b'(' | b'[' => depth += 1,
                b'}' | b')' | b']' => depth -= 1,
                _ => {}
            }
            // The item ends with its block, or with a semicolon outside all brackets.
            if depth == 0 && matches!(byte, b'}' | b';') {
                end = i + 1;
                break;
            }
        }
        lines += code[start..end].lines().count();
        for byte in &mut bytes[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        from = end;
    }
    (String::from_utf8(bytes).expect("whole characters were replaced by blanks"), lines)
}

/// Identifiers, `::`, and single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                length => length,
            };
            found.push((number + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Every `a::b` in the code, `use` trees spelled out, `self` and `super` resolved against `module`.
fn named_paths(code: &str, module: &[&str]) -> Vec<Named> {
    let tokens = tokens(code);
    let text = |i: usize| tokens.get(i).map_or("", |(_, text)| text.as_str());
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if is_word(text(at)) && text(at + 1) == "::" {
            let mut leaves = Vec::new();
            at = path_tree(&tokens, at, &[], &mut leaves);
            found.extend(leaves.into_iter().map(|(line, path)| Named { line, segments: resolve(&path, module) }));
        } else {
            at += 1;
        }
    }
    found
}

/// Reads one path or `{…}` tree at `at`; returns where it ends.
fn path_tree(
    tokens: &[(usize, String)],
    mut at: usize,
    prefix: &[String],
    leaves: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let text = |i: usize| tokens.get(i).map_or("", |(_, text)| text.as_str());
    let line = tokens[at].0;
    let mut path = prefix.to_vec();
    loop {
        match text(at) {
            "{" if !path.is_empty() => {
                at += 1;
                while at < tokens.len() && text(at) != "}" {
                    if is_word(text(at)) || text(at) == "{" {
                        at = path_tree(tokens, at, &path, leaves);
                    } else {
                        at += 1;
                    }
                }
                return at + 1;
            }
            word if is_word(word) => {
                path.push(word.to_owned());
                at += 1;
            }
            _ => break,
        }
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    // `as name` in a tree is not a path of its own.
    if text(at) == "as" && !prefix.is_empty() {
        at += 2;
    }
    leaves.push((line, path));
    at
}

fn resolve(path: &[String], module: &[&str]) -> Vec<String> {
    let mut base: Vec<String> = module.iter().map(ToString::to_string).collect();
    let mut rest = path;
    match path[0].as_str() {
        "self" => rest = &path[1..],
        "super" => {
            while rest.first().is_some_and(|s| s == "super") {
                base.pop();
                rest = &rest[1..];
            }
        }
        "registrar" | "crate" => {
            base.clear();
            rest = &path[1..];
        }
        _ => return path.to_vec(),
    }
    let mut whole = vec!["crate".to_owned()];
    whole.extend(base);
    whole.extend(rest.iter().cloned());
    whole
}

fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn has_word(line: &str, word: &str) -> bool {
    tokens(line).iter().any(|(_, token)| token == word)
}

/// A `static` item, as opposed to the lifetime `'static` and the bound `+ 'static`.
fn has_static(line: &str) -> bool {
    let tokens = tokens(line);
    (0..tokens.len()).any(|i| tokens[i].1 == "static" && (i == 0 || tokens[i - 1].1 != "'"))
}

/// `DomainId`, and the structs that have a field of it, directly or within another such struct.
fn types_with_a_domain<'a>(codes: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut structs: Vec<Vec<String>> = Vec::new();
    for code in codes {
        let words: Vec<String> = tokens(code).into_iter().map(|(_, text)| text).collect();
        let starts = words.iter().enumerate().filter(|(_, word)| *word == "struct").map(|(i, _)| i + 1);
        structs.extend(starts.map(|i| words[i..].iter().take_while(|w| *w != "}" && *w != ";").cloned().collect()));
    }
    let mut found = BTreeSet::from(["DomainId".to_owned()]);
    loop {
        let carriers = structs.iter().filter(|words| words.iter().skip(1).any(|word| found.contains(word)));
        let more: Vec<String> =
            carriers.filter_map(|words| words.first()).filter(|w| !found.contains(*w)).cloned().collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The public methods of `impl Store` whose first parameter after `self` names none of the `carriers`.
fn methods_without_domain(code: &str, carriers: &BTreeSet<String>) -> Vec<(usize, String)> {
    let tokens = tokens(code);
    let text = |i: usize| tokens.get(i).map_or("", |(_, text)| text.as_str());
    let (mut found, mut depth, mut store_depth) = (Vec::new(), 0_usize, None);
    for i in 0..tokens.len() {
        match text(i) {
            "impl" if text(i + 1) == "Store" && text(i + 2) == "{" => store_depth = Some(depth + 1),
            "{" => depth += 1,
            "}" => {
                if store_depth == Some(depth) {
                    store_depth = None;
                }
                depth = depth.saturating_sub(1);
            }
            // `pub(super)` is a step of another method; it has its domain from there.
            "fn" if store_depth == Some(depth) && (text(i - 1) == "pub" || text(i - 2) == "pub") => {
                let parameters = parameters((i..tokens.len()).map(text));
                let named = parameters.get(1).is_some_and(|first| first.iter().any(|word| carriers.contains(*word)));
                if parameters[0].contains(&"self") && !named {
                    found.push((tokens[i].0, text(i + 1).to_owned()));
                }
            }
            _ => {}
        }
    }
    found
}

/// The parameters of a function, each as its words; a tuple is one parameter.
fn parameters<'a>(function: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let (mut found, mut depth) = (vec![Vec::new()], 0_usize);
    for word in function.skip_while(|word| *word != "(") {
        match word {
            "(" => depth += 1,
            ")" if depth == 1 => break,
            ")" => depth -= 1,
            "," if depth == 1 => found.push(Vec::new()),
            word => found.last_mut().expect("it begins with one").push(word),
        }
    }
    found
}

/// The reader itself: rules that see nothing would all pass.
mod reader {
    use super::*;

    fn paths(code: &str, module: &[&str]) -> Vec<String> {
        named_paths(&cut_tests(&blank_comments_and_literals(code)).0, module)
            .iter()
            .map(|path| format!("{} {}", path.line, path.segments.join("::")))
            .collect()
    }

    #[test]
    fn use_trees_are_spelled_out_and_relative_paths_resolved() {
        let code = "use crate::{store::Store, model::{id::{self, DomainId as Id}, time}};\nuse super::super::clients;\n\
                    fn f() { crate::oauth::token::run::<u8>(self::x::Y); axum::extract::State }";
        let expected = [
            "1 crate::store::Store",
            "1 crate::model::id::self",
            "1 crate::model::id::DomainId",
            "1 crate::model::time",
            "2 crate::clients",
            "3 crate::oauth::token::run",
            "3 crate::oauth::grants::x::Y",
            "3 axum::extract::State",
        ];
        assert_eq!(paths(code, &["oauth", "grants"]), expected);
    }

    #[test]
    fn comments_literals_and_tests_are_not_code() {
        let code = "// crate::a::b\n/* crate::c::d /* nested */ crate::e::f */ let s = \"crate::g::h \\\" sqlx::query\";\n\
                    let r = r#\"crate::i::j \"quoted\" \"#; let c = '\"'; let l: &'static str = \"\\\\\"; k::l();\n\
                    #[cfg(test)]\nmod tests { use crate::m::n; fn f() { if true { o::p() } } }\nq::r();\n\
                    #[cfg(test)]\nuse s::t;\nlet b = [b'{', b'\\'', b'\\\\']; u::v();";
        assert_eq!(paths(code, &[]), ["3 k::l", "6 q::r", "9 u::v"]);
    }

    #[test]
    fn statements_are_recognised_however_they_are_imported() {
        for code in [
            "sqlx::query(\"\")",
            "sqlx::query_as::<_, A>(\"\")",
            "use sqlx::{Row, query_scalar};",
            "use sqlx::QueryBuilder;",
        ] {
            assert!(named_paths(&blank_comments_and_literals(code), &[]).iter().any(Named::is_query), "{code}");
        }
        assert!(!named_paths("#[derive(sqlx::FromRow, sqlx::Type)]", &[]).iter().any(Named::is_query));
    }

    #[test]
    fn static_items_are_told_from_lifetimes() {
        assert!(has_static("pub static CACHE: OnceLock<u8> = OnceLock::new();") && has_static("static mut X: u8 = 0;"));
        assert!(!has_static("fn f(x: &'static str) -> impl Send + 'static {") && !has_static("let statics = 1;"));
    }

    #[test]
    fn methods_without_a_domain_are_found() {
        let code = "impl Store {\n pub async fn good(&self, domain: DomainId, id: &str) { if a { b } }\n\
                    pub async fn bad(&self, id: &str) {}\n pub fn none(&self) {}\n fn private(&self, id: u8) {}\n\
                    pub(super) fn step(&self, id: u8) {}\n pub async fn also_good(\n&self,\ndomain: &DomainId,\n) {}\n\
                    pub fn open(url: &str) {}\n pub fn put(&self, new: &New<'_>) {}\n}\nimpl Other { pub fn fine(&self, id: u8) {} }";
        let carriers = types_with_a_domain(
            ["struct Client { domain_id: DomainId, x: u8 } struct Id(Uuid);", "struct New<'a> { c: &'a Client }"]
                .into_iter(),
        );
        assert_eq!(carriers.iter().map(String::as_str).collect::<Vec<_>>(), ["Client", "DomainId", "New"]);
        assert_eq!(methods_without_domain(code, &carriers), [(3, "bad".to_owned()), (4, "none".to_owned())]);
    }
}
