//! What reading a prefetch key from a FHIR server comes to: pages, and whether they are all.

use serde_json::value::RawValue;
use std::time::Duration;

/// One key after the attempt to read it.
#[derive(Debug)]
pub struct Fetched {
    /// The pages that came, in order: each a Bundle, or the one resource of a read. Checked to be JSON.
    pub pages: Vec<Box<RawValue>>,
    /// Whether they are all.
    pub outcome: Outcome,
    /// Time from the start of the reading to this outcome, retries and later pages included.
    pub took: Duration,
}

/// Whether a key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that there is, which may be nothing.
    Complete,
    /// The pages hold records, but more exist or may exist.
    Incomplete(FailureReason),
    /// Nothing came that could be used.
    Failed(FailureReason),
}

/// Why a key did not come, or not whole. A closed list: each is a label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// 401.
    Unauthorised,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// 410.
    Gone,
    /// 429, after the retries that fitted.
    TooManyRequests,
    /// 5xx, after the retries that fitted.
    ServerError,
    /// A redirect, which is never followed.
    Redirect,
    /// Another status that is no success.
    Rejected,
    /// One request took longer than it may.
    Timeout,
    /// The deadline of the call came first.
    Deadline,
    /// HTML, truncated JSON, text: no JSON.
    NotFhirJson,
    /// JSON of another type: no Bundle for a search, another resource for a read.
    WrongType,
    /// An OperationOutcome in place of what was asked for, or a Bundle whose only content is one that reports an error.
    OutcomeInsteadOfEntries,
    /// A Bundle whose entries include an OperationOutcome that reports an error.
    OutcomeAmongEntries,
    /// Entries that are no resources.
    UnreadableEntries,
    /// More bytes than allowed, for the key or for the call.
    TooLarge,
    /// More pages than allowed.
    TooManyPages,
    /// The link to the next page leads outside the configured bases, or cannot be read.
    RefusedLink,
    /// The link to the next page leads to a page that was read already.
    RepeatedLink,
    /// The FHIR base of the call is none of the configured ones, or the query leads out of it.
    RefusedBase,
    /// The address is private and not allowed.
    RefusedAddress,
    /// The server failed so often of late that it is left alone for a while.
    CircuitOpen,
    /// The token of the call had expired, or expired before the answer came.
    TokenExpired,
    /// No token, and neither anonymous access nor Backend Services configured; or a token that fits in no header.
    NoAuthorisation,
    /// The token endpoint gave no token.
    TokenRefused,
    /// No connection, or one that broke.
    Connection,
    /// The TLS handshake failed.
    Tls,
}

impl FailureReason {
    /// Every reason, for metrics that begin at zero.
    pub const ALL: [Self; 27] = [
        Self::Unauthorised,
        Self::Forbidden,
        Self::NotFound,
        Self::Gone,
        Self::TooManyRequests,
        Self::ServerError,
        Self::Redirect,
        Self::Rejected,
        Self::Timeout,
        Self::Deadline,
        Self::NotFhirJson,
        Self::WrongType,
        Self::OutcomeInsteadOfEntries,
        Self::OutcomeAmongEntries,
        Self::UnreadableEntries,
        Self::TooLarge,
        Self::TooManyPages,
        Self::RefusedLink,
        Self::RepeatedLink,
        Self::RefusedBase,
        Self::RefusedAddress,
        Self::CircuitOpen,
        Self::TokenExpired,
        Self::NoAuthorisation,
        Self::TokenRefused,
        Self::Connection,
        Self::Tls,
    ];

    /// The name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Gone => "gone",
            Self::TooManyRequests => "too-many-requests",
            Self::ServerError => "server-error",
            Self::Redirect => "redirect",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::NotFhirJson => "not-fhir-json",
            Self::WrongType => "wrong-type",
            Self::OutcomeInsteadOfEntries => "outcome-instead-of-entries",
            Self::OutcomeAmongEntries => "outcome-among-entries",
            Self::UnreadableEntries => "unreadable-entries",
            Self::TooLarge => "too-large",
            Self::TooManyPages => "too-many-pages",
            Self::RefusedLink => "refused-link",
            Self::RepeatedLink => "repeated-link",
            Self::RefusedBase => "refused-base",
            Self::RefusedAddress => "refused-address",
            Self::CircuitOpen => "circuit-open",
            Self::TokenExpired => "token-expired",
            Self::NoAuthorisation => "no-authorisation",
            Self::TokenRefused => "token-refused",
            Self::Connection => "connection",
            Self::Tls => "tls",
        }
    }

    /// The reason behind a status; none for success.
    pub(super) fn of_status(status: u16) -> Option<Self> {
        match status {
            200..=299 => None,
            300..=399 => Some(Self::Redirect),
            401 => Some(Self::Unauthorised),
            403 => Some(Self::Forbidden),
            404 => Some(Self::NotFound),
            410 => Some(Self::Gone),
            429 => Some(Self::TooManyRequests),
            500..=599 => Some(Self::ServerError),
            _ => Some(Self::Rejected),
        }
    }
}

impl From<crate::outbound::OutboundError> for FailureReason {
    fn from(error: crate::outbound::OutboundError) -> Self {
        use crate::outbound::OutboundError;
        match error {
            OutboundError::RefusedUrl(_) => Self::RefusedBase,
            OutboundError::RefusedAddress => Self::RefusedAddress,
            OutboundError::UnknownName | OutboundError::Connection => Self::Connection,
            OutboundError::Tls => Self::Tls,
            OutboundError::Timeout => Self::Timeout,
            OutboundError::TooLarge => Self::TooLarge,
        }
    }
}
