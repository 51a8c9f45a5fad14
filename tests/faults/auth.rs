//! Keys and tokens of the tests, in the place where their modules look for them.

#[path = "../it/auth/forge.rs"]
pub mod forge;
