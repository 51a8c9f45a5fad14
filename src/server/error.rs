//! Every error is an OperationOutcome with a clear text, and nothing of the patient in it.

use crate::cds_hooks::card::CardError;
use crate::cds_hooks::request::BadRequest;
use crate::chart::UnusablePatient;
use crate::chart::input::UnusableInput;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde_json::json;
use std::borrow::Cow;

/// A failed request: HTTP status and what is said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// FHIR issue type.
    code: &'static str,
    /// In words.
    text: String,
    /// JSON path or prefetch key at fault.
    path: Option<String>,
    allow: Option<&'static str>,
    /// Asks for a token.
    authenticate: bool,
    /// Asks to try again.
    retry_after: bool,
}

impl Problem {
    /// A problem without a path.
    pub fn new(status: StatusCode, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            text: text.into(),
            path: None,
            allow: None,
            authenticate: false,
            retry_after: false,
        }
    }

    /// 404.
    pub fn not_found(text: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", text)
    }

    /// 405 with the method that works.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "not-supported",
                format!("use {allow} here"),
            )
        }
    }

    /// 401. The caller is not told why: that is for the operator.
    pub fn unauthorised() -> Self {
        Self {
            authenticate: true,
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "login",
                "a valid token is required",
            )
        }
    }

    /// 403.
    pub fn not_entitled() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "this client may not call this service",
        )
    }

    /// 408.
    pub fn slow_body() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "timeout",
            "the body did not arrive in time",
        )
    }

    /// 422: data in a release that cannot be read.
    pub fn unsupported_release(problem: &impl std::fmt::Display) -> Self {
        Self {
            path: Some("fhirServer".into()),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "not-supported",
                problem.to_string(),
            )
        }
    }

    /// 503 with Retry-After: too many calls at once.
    pub fn overloaded() -> Self {
        Self::unavailable(
            "throttled",
            "too many calls at one time; no conclusion may be drawn from this",
        )
    }

    /// 503: the process ends.
    pub fn stopping() -> Self {
        Self::unavailable("transient", "the server is stopping")
    }

    /// 503: the audit line is not on disk, and must be.
    pub fn not_audited() -> Self {
        Self::unavailable(
            "transient",
            "the answer could not be recorded and is not given; no conclusion may be drawn from this",
        )
    }

    /// 503: feedback is not on disk.
    pub fn not_kept() -> Self {
        Self::unavailable(
            "transient",
            "the feedback could not be kept; send it again later",
        )
    }

    fn unavailable(code: &'static str, text: &str) -> Self {
        Self {
            retry_after: true,
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, text)
        }
    }

    /// 413.
    pub fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-long",
            format!("the body is larger than {limit} bytes after decompression"),
        )
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-supported",
            "Content-Type must be application/json or application/fhir+json",
        )
    }

    /// What is wrong, in words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The OperationOutcome.
    pub fn outcome(&self) -> serde_json::Value {
        let mut issue = json!({ "severity": "error", "code": self.code, "diagnostics": self.text });
        if let Some(path) = &self.path {
            issue["expression"] = json!([path]);
        }
        json!({ "resourceType": "OperationOutcome", "issue": [issue] })
    }

    /// The response.
    pub fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(allow) = self.allow {
            response.insert_header((header::ALLOW, allow));
        }
        if self.authenticate {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.retry_after {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        response.json(self.outcome())
    }
}

impl Responder for Problem {
    type Body = actix_web::body::BoxBody;
    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.response()
    }
}

impl From<BadRequest> for Problem {
    fn from(error: BadRequest) -> Self {
        let code = if error.path.is_some() {
            "required"
        } else {
            "structure"
        };
        Self {
            path: error.path.map(Cow::into_owned),
            ..Self::new(StatusCode::BAD_REQUEST, code, error.problem)
        }
    }
}

impl From<UnusableInput> for Problem {
    fn from(error: UnusableInput) -> Self {
        let (status, code, key) = match &error {
            UnusableInput::Missing { key, .. } => {
                (StatusCode::PRECONDITION_FAILED, "incomplete", key)
            }
            UnusableInput::NotAPatient { key } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", key)
            }
            UnusableInput::AnotherPatient { key } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "conflict", key)
            }
        };
        Self {
            path: Some(format!("prefetch.{key}")),
            ..Self::new(status, code, error.to_string())
        }
    }
}

impl From<UnusablePatient> for Problem {
    fn from(error: UnusablePatient) -> Self {
        Self {
            path: Some("prefetch.patient".into()),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                error.to_string(),
            )
        }
    }
}

impl From<CardError> for Problem {
    fn from(error: CardError) -> Self {
        tracing::error!(%error, "the card could not be made");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "exception",
            "the card could not be made; no conclusion may be drawn from this",
        )
    }
}
