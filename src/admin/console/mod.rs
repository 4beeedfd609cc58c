//! The console under `/console`: one file per page.

pub mod fields;
