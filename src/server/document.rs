//! A document that is about no patient: told with a tag of its content, so that a cache may keep it and ask whether it still holds.

use crate::cds_hooks::response::hex;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use sha2::{Digest, Sha256};

/// The beginning of the answer: 200, or 304 with true when the caller has this text already.
pub(super) fn answer(
    request: &HttpRequest,
    text: &str,
    is_public: bool,
) -> (HttpResponseBuilder, bool) {
    let tag = format!("\"{}\"", hex(&Sha256::digest(text)));
    let is_known = request
        .headers()
        .get_all(IF_NONE_MATCH)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| matches!(known.trim().trim_start_matches("W/"), known if known == tag || known == "*"));
    let mut response = HttpResponse::build(if is_known {
        StatusCode::NOT_MODIFIED
    } else {
        StatusCode::OK
    });
    response
        .insert_header((ETAG, tag))
        // Kept by a cache only to ask whether it still holds.
        .insert_header((
            CACHE_CONTROL,
            if is_public {
                "no-cache"
            } else {
                "private, no-cache"
            },
        ));
    (response, is_known)
}
