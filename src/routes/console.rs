//! The URLs of the console.

use super::Route;

#[rustfmt::skip]
pub(super) const CONSOLE: &[Route] = &[
];
