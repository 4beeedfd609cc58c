//! What lists are searched by: the words of names and identifiers, and what somebody typed.

use super::user::fold;

/// The longest word that is kept of a name, in bytes.
pub const MAX_WORD: usize = 32;

/// The longest beginning of an identifier that is kept, in bytes.
pub const MAX_WHOLE: usize = 64;

/// How many words of one text are kept.
const MAX_WORDS: usize = 8;

/// Bytes from `low` on and before `high`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordRange {
    /// The first that is part of it.
    pub low: Vec<u8>,
    /// The first after it.
    pub high: Vec<u8>,
}

impl WordRange {
    /// Everything that begins so. Folded text never ends in 0xFF, so that there always is an end.
    fn beginning_with(text: &str) -> Self {
        let low = text.as_bytes().to_vec();
        let high = after_prefix(&low).unwrap_or_else(|| vec![u8::MAX; MAX_WHOLE + 1]);
        Self { low, high }
    }

    /// Exactly this.
    fn exactly(text: &str) -> Self {
        let low = text.as_bytes().to_vec();
        let high = [low.as_slice(), &[0]].concat();
        Self { low, high }
    }

    /// Where the words are that are found by a typed one: those that begin so, and where it is longer than what is kept,
    /// those that were cut alike.
    fn of(typed: &str, kept: usize) -> Self {
        let cut = cut(typed, kept);
        if cut.len() < typed.len() { Self::exactly(cut) } else { Self::beginning_with(cut) }
    }

    /// Whether a word lies within.
    pub fn contains(&self, word: &[u8]) -> bool {
        self.low.as_slice() <= word && word < self.high.as_slice()
    }
}

/// What somebody searches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchTerms {
    /// As it was typed, without blanks around: an identifier that is meant exactly.
    pub exact: String,
    /// Identifiers that begin with all of it, where its words alone would not find them.
    pub whole: Option<WordRange>,
    /// All of these must be found; the longest, which is likely to be the rarest, first.
    pub words: Vec<WordRange>,
}

impl SearchTerms {
    /// Reads what was typed. `None`: nothing to search for.
    pub fn parse(typed: &str) -> Option<Self> {
        let exact = typed.trim().to_owned();
        let folded = fold(&exact);
        if folded.is_empty() {
            return None;
        }
        let mut words = split(&folded);
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        let one_word = words.len() == 1 && words[0].len() == folded.len() && folded.len() <= MAX_WORD;
        let whole = (!one_word && !folded.contains(char::is_whitespace)).then(|| WordRange::of(&folded, MAX_WHOLE));
        let words = words.into_iter().map(|word| WordRange::of(word, MAX_WORD)).collect();
        Some(Self { exact, whole, words })
    }
}

/// What a client is found by: the words of its name, and its whole id. Folded, cut, each once.
pub fn client_words(name: &str, client_id: &str) -> Vec<Vec<u8>> {
    words_of(&[name], &[client_id])
}

/// What a user is found by: user name and e-mail address, whole and by their words, and the words of the name.
pub fn user_words(username: &str, email: Option<&str>, name: Option<&str>) -> Vec<Vec<u8>> {
    let email = email.unwrap_or_default();
    let local = email.rsplit_once('@').map_or(email, |(local, _)| local);
    words_of(&[name.unwrap_or_default(), username, local], &[username, email])
}

fn words_of(texts: &[&str], identifiers: &[&str]) -> Vec<Vec<u8>> {
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut keep = |word: &str| {
        if !word.is_empty() && !kept.iter().any(|known| known == word.as_bytes()) {
            kept.push(word.as_bytes().to_vec());
        }
    };
    for identifier in identifiers {
        keep(cut(&fold(identifier), MAX_WHOLE));
    }
    for text in texts {
        for word in split(&fold(text)) {
            keep(cut(word, MAX_WORD));
        }
    }
    kept
}

/// The first words of a folded text.
fn split(folded: &str) -> Vec<&str> {
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(MAX_WORDS).collect()
}

/// The longest beginning of at most so many bytes that ends between characters.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The first sequence of bytes after all that begin with `prefix`; `None`: there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after = prefix[..=last].to_vec();
    after[last] += 1;
    Some(after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(name: &str, id: &str) -> Vec<String> {
        client_words(name, id).into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
    }

    #[test]
    fn words_are_folded_split_and_cut() {
        assert_eq!(words("Acme CRM (test)", "aB-3_x"), ["ab-3_x", "acme", "crm", "test"]);
        assert_eq!(words("", "id"), ["id"]);
        assert_eq!(words("crm CRM crm", "CRM"), ["crm"], "each once");
        assert_eq!(words("a b c d e f g h i j", "x").len(), 9, "eight of the name");
        assert_eq!(
            words("\u{dc}BERSETZER \u{65e5}\u{672c}\u{8a9e}", "x")[1..],
            ["\u{fc}bersetzer", "\u{65e5}\u{672c}\u{8a9e}"]
        );
        let long = "\u{e9}".repeat(40);
        assert_eq!(words(&long, &long), ["\u{e9}".repeat(32), "\u{e9}".repeat(16)]);
        assert_eq!(words(&format!("x{long}"), "y")[1].len(), 31, "never within a character");
    }

    #[test]
    fn users_are_found_by_all_that_names_them() {
        let words = user_words("Ada.L", Some("ada@example.com"), Some("Ada Lovelace"));
        let words: Vec<_> = words.iter().map(|word| str::from_utf8(word).unwrap()).collect();
        assert_eq!(words, ["ada.l", "ada@example.com", "ada", "lovelace", "l"]);
        assert_eq!(user_words("x", None, None).len(), 1);
    }

    #[test]
    fn what_was_typed_is_an_identifier_its_beginning_or_words() {
        assert_eq!(SearchTerms::parse(" \t"), None);
        let one = SearchTerms::parse(" CRM ").unwrap();
        assert_eq!((one.exact.as_str(), &one.whole, one.words.len()), ("CRM", &None, 1));
        assert_eq!((one.words[0].low.as_slice(), one.words[0].high.as_slice()), (&b"crm"[..], &b"crn"[..]));
        let id = SearchTerms::parse("ab-cde").unwrap();
        assert!(id.whole.unwrap().contains(b"ab-cdef"));
        assert_eq!(id.words[0].low, b"cde", "the longest first");
        let two = SearchTerms::parse("my crm-tool").unwrap();
        assert_eq!((two.whole, two.words.len()), (None, 3));
        let none = SearchTerms::parse("--").unwrap();
        assert!(none.words.is_empty() && none.whole.is_some());
        let long = SearchTerms::parse(&"x".repeat(40)).unwrap();
        assert!(long.whole.unwrap().contains("x".repeat(64).as_bytes()));
        assert!(
            long.words[0].contains("x".repeat(32).as_bytes()) && !long.words[0].contains("x".repeat(33).as_bytes())
        );
    }

    #[test]
    fn the_end_of_a_range_is_computed_on_bytes() {
        assert_eq!(after_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
        assert_eq!(after_prefix(&[]), None);
    }

    proptest! {
        #[test]
        fn a_range_holds_what_begins_so_and_nothing_else(prefix in "\\PC{1,12}", other in any::<Vec<u8>>()) {
            let range = WordRange::beginning_with(&prefix);
            let longer = [prefix.as_bytes(), &other].concat();
            prop_assert!(range.contains(&longer));
            prop_assert_eq!(range.contains(&other), other.starts_with(prefix.as_bytes()));
        }

        #[test]
        fn every_beginning_of_a_word_finds_it(name in "\\PC{0,80}", id in "[A-Za-z0-9_.:/-]{1,90}", length in 1_usize..40) {
            let kept = client_words(&name, &id);
            prop_assert!(kept.len() <= MAX_WORDS + 1);
            prop_assert!(kept.iter().all(|word| !word.is_empty() && word.len() <= MAX_WHOLE && str::from_utf8(word).is_ok()));
            for word in split(&fold(&name)) {
                let beginning: String = word.chars().take(length).collect();
                let terms = SearchTerms::parse(&beginning).unwrap();
                prop_assert!(terms.words.iter().all(|range| kept.iter().any(|word| range.contains(word))), "{}", beginning);
            }
            let beginning: String = id.chars().take(length).collect();
            let terms = SearchTerms::parse(&beginning).unwrap();
            let found = terms.whole.iter().chain(&terms.words).any(|range| kept.iter().any(|word| range.contains(word)));
            prop_assert!(found, "{}", beginning);
        }
    }
}
