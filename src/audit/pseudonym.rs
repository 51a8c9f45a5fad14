//! Keyed pseudonyms of patients and users, for the audit trail and for counting.
//!
//! The same id of the same tenant under the same key always gives the same pseudonym, so that what happened to one
//! patient can be put together. Patients and users, tenants and keys are kept apart: the same id gives unrelated
//! pseudonyms.
//!
//! What it protects: without the key nobody can tell whose pseudonym it is, nor try out ids (ids of a hospital are few
//! enough to try them all, so a plain hash would protect nothing). What it does not: whoever has the key can try out
//! ids; lines of one patient can be linked to each other, and times and classes may then tell who it is. It is still
//! personal data where the law says so. A new key breaks the link to everything before.

use super::Key;

/// Makes pseudonyms with one key. The key should be used for nothing else.
#[derive(Debug)]
pub struct Pseudonyms(Key);

impl Pseudonyms {
    /// Pseudonyms under this key.
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// 32 hex digits for the logical id of a patient, as the tenant's server knows it.
    pub fn patient(&self, tenant: &str, id: &str) -> String {
        self.make("patient", tenant, id)
    }

    /// 32 hex digits for a user, such as `Practitioner/17`.
    pub fn user(&self, tenant: &str, id: &str) -> String {
        self.make("user", tenant, id)
    }

    /// The first 128 bits of an HMAC over the purpose, the kind, and the lengths of both texts before the texts, so
    /// that no two inputs run together.
    fn make(&self, kind: &str, tenant: &str, id: &str) -> String {
        let mut mac = self.0.mac(&[
            b"rrdtc/pseudonym/1\0",
            kind.as_bytes(),
            b"\0",
            &(tenant.len() as u64).to_be_bytes(),
            tenant.as_bytes(),
            &(id.len() as u64).to_be_bytes(),
            id.as_bytes(),
        ]);
        mac.truncate(32);
        mac
    }
}
