//! Signing keys that come with the program, so that nobody waits for RSA key generation. Anybody can read their private
//! part in the source: `serve` refuses a database that has one.

use std::sync::Arc;

use crate::keys::generate::{KeySource, TEST_KEY_PREFIX};
use crate::model::random;
use crate::model::signing_key::SigningAlgorithm;

const RS256: [&[u8]; 3] =
    [include_bytes!("keys/rs256-1.pk8"), include_bytes!("keys/rs256-2.pk8"), include_bytes!("keys/rs256-3.pk8")];
const ES256: [&[u8]; 3] =
    [include_bytes!("keys/es256-1.pk8"), include_bytes!("keys/es256-2.pk8"), include_bytes!("keys/es256-3.pk8")];

/// Of each algorithm, the keys that no domain gets: what is signed with one is signed by somebody else.
const FOREIGN: usize = 2;

fn of(algorithm: SigningAlgorithm) -> &'static [&'static [u8]] {
    match algorithm {
        SigningAlgorithm::Rs256 => &RS256,
        SigningAlgorithm::Es256 => &ES256,
    }
}

/// The baked keys while a domain has not had them all, then new ones.
pub fn key_source() -> KeySource {
    KeySource::Given(Arc::new(|algorithm, known| {
        let keys = &of(algorithm)[..FOREIGN];
        let name = |number: usize| format!("{TEST_KEY_PREFIX}{}-{}-", algorithm.as_str().to_lowercase(), number + 1);
        let free = |number: &usize| !known.iter().any(|kid| kid.starts_with(&name(*number)));
        let number = (0..keys.len()).find(free)?;
        // Of its own for each domain, as keys are that do not come with the program.
        let kid = format!("{}{}", name(number), &random::identifier()[..8]);
        Some((kid, keys[number].to_vec()))
    }))
}

/// A private key (PKCS #8) that belongs to no domain.
pub fn foreign_key(algorithm: SigningAlgorithm) -> &'static [u8] {
    of(algorithm)[FOREIGN]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::signer::Signer;

    #[test]
    fn every_key_is_one_of_its_algorithm_and_no_two_are_the_same() {
        let mut seen = std::collections::HashSet::new();
        for algorithm in SigningAlgorithm::ALL {
            for private in of(*algorithm) {
                Signer::new("kid", *algorithm, private).unwrap();
                assert!(seen.insert(*private));
            }
            assert!(!of(*algorithm)[..FOREIGN].contains(&foreign_key(*algorithm)));
        }
    }

    #[test]
    fn a_domain_gets_each_once_and_then_new_ones() {
        let KeySource::Given(give) = key_source() else { panic!("no keys are given") };
        let mut known: Vec<String> = Vec::new();
        for number in 1..=FOREIGN {
            let so_far: Vec<&str> = known.iter().map(String::as_str).collect();
            let (kid, _) = give(SigningAlgorithm::Rs256, &so_far).unwrap();
            assert!(kid.starts_with(&format!("harness-rs256-{number}-")), "{kid}");
            known.push(kid);
        }
        let so_far: Vec<&str> = known.iter().map(String::as_str).collect();
        assert!(give(SigningAlgorithm::Rs256, &so_far).is_none());
    }
}
