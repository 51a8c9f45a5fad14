//! Secret keys from files, and what is computed with them. Knows nothing of lines or pseudonyms.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Fewest bytes of a key.
const LEAST_BYTES: usize = 32;
/// Most bytes of a key file: more is a wrong file.
const MOST_BYTES: usize = 4096;

/// A secret for HMAC-SHA256.
pub struct Key(SecretSlice<u8>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnusableKey {
    /// Create it, or correct the path or its permissions.
    #[error("cannot read the key file {0}: {1}")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// Make a new one.
    #[error(
        "the key in {0} has {1} bytes; it needs {LEAST_BYTES} to {MOST_BYTES}, such as the output of: openssl rand -hex 32"
    )]
    Length(PathBuf, usize),
    /// Take the write permission away.
    #[error("the key file {0} can be written by group or others: chmod go-w it")]
    WritableByOthers(PathBuf),
    /// Move it.
    #[error("the key file {0} lies inside the log folder; keep it where who writes the log cannot")]
    InsideFolder(PathBuf),
}

impl Key {
    /// A key from bytes that come from elsewhere; `None` with fewer than 32.
    pub fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        (bytes.len() >= LEAST_BYTES).then(|| Self(bytes.into()))
    }

    /// Reads a key file: its bytes without one line break at the end, at least 32.
    ///
    /// Refused when group or others can write it (Unix); a warning is logged when others can read it.
    pub fn read(path: &Path) -> Result<Self, UnusableKey> {
        let unreadable = |error| UnusableKey::Unreadable(path.to_owned(), error);
        let file = std::fs::File::open(path).map_err(unreadable)?;
        check_permissions(path, &file.metadata().map_err(unreadable)?)?;
        let mut bytes = Vec::with_capacity(MOST_BYTES + 1);
        file.take(MOST_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let length = bytes
            .strip_suffix(b"\r\n")
            .or_else(|| bytes.strip_suffix(b"\n"))
            .unwrap_or(&bytes)
            .len();
        if bytes.len() > MOST_BYTES {
            return Err(UnusableKey::Length(path.to_owned(), bytes.len()));
        }
        bytes.truncate(length);
        Self::from_bytes(bytes).ok_or(UnusableKey::Length(path.to_owned(), length))
    }

    /// As [`Key::read`], and refused when the file lies in `folder`, which must exist.
    pub fn read_outside(path: &Path, folder: &Path) -> Result<Self, UnusableKey> {
        let unreadable = |error| UnusableKey::Unreadable(path.to_owned(), error);
        let real = path.canonicalize().map_err(unreadable)?;
        if real.starts_with(folder.canonicalize().map_err(unreadable)?) {
            return Err(UnusableKey::InsideFolder(path.to_owned()));
        }
        Self::read(path)
    }

    /// HMAC-SHA256 of the parts one after the other, as 64 lower-case hex digits.
    pub(super) fn mac(&self, parts: &[&[u8]]) -> String {
        // HMAC takes a key of any length, so this holds.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("any length");
        for part in parts {
            mac.update(part);
        }
        format!("{:x}", mac.finalize().into_bytes())
    }
}

#[cfg(unix)]
fn check_permissions(path: &Path, metadata: &std::fs::Metadata) -> Result<(), UnusableKey> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode();
    if mode & 0o022 != 0 {
        return Err(UnusableKey::WritableByOthers(path.to_owned()));
    }
    if mode & 0o004 != 0 {
        tracing::warn!(path = %path.display(), "everybody on this machine can read the key file");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_permissions(_: &Path, _: &std::fs::Metadata) -> Result<(), UnusableKey> {
    Ok(())
}
