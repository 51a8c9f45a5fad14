//! The files that the page needs beside itself: one style sheet, a little script. Their names hold a hash of what is in them, so
//! browsers may keep them for ever.

use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What the page's `Content-Security-Policy` must say; a server adds who may frame it.
pub const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'";

/// A file, as it is served.
#[derive(Debug)]
pub struct Asset {
    /// Name below the prefix of the page's input, such as `page-0a1b2c3d4e5f.css`.
    pub path: String,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Content.
    pub bytes: &'static [u8],
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset = |name: &str, extension: &str, content_type, bytes: &'static [u8]| {
        let digest = Sha256::digest(bytes);
        let hash: String = digest
            .iter()
            .take(6)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Asset {
            path: format!("{name}-{hash}.{extension}"),
            content_type,
            bytes,
        }
    };
    [
        asset(
            "page",
            "css",
            "text/css; charset=utf-8",
            include_bytes!("page.css"),
        ),
        asset(
            "page",
            "js",
            "text/javascript; charset=utf-8",
            include_bytes!("page.js"),
        ),
    ]
});

/// The files to serve: below `/smart/assets/`, for instance.
pub fn assets() -> &'static [Asset] {
    &*ASSETS
}

/// Paths of style sheet and script.
pub(super) fn paths() -> (&'static str, &'static str) {
    let [style, script] = &*ASSETS;
    (&style.path, &script.path)
}
