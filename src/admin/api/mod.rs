//! The administration API: one file per thing administered.

pub mod domains;
