//! Everything that can end a launch: a closed list, each with its HTTP status. The words are in `launch.json` of a language.

/// Why there is no assessment to see. Says nothing of the patient; the name is a label of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LaunchProblem {
    /// `iss` or `launch` is missing.
    MissingParameters,
    /// `iss` is no configured issuer.
    UnknownIssuer,
    /// The client gets no results to see yet.
    Shadow,
    /// The issuer's SMART configuration cannot be read.
    DiscoveryFailed,
    /// The issuer names endpoints outside of the configured origins.
    ForeignEndpoint,
    /// The browser did not send the cookie of the launch.
    NoCookie,
    /// The state is none, or not signed for this browser.
    ForgedState,
    /// The authorization took longer than ten minutes.
    ExpiredState,
    /// The launch came back before.
    UsedState,
    /// The answer is from another authorization server than was asked.
    WrongIssuer,
    /// Consent was refused.
    Denied,
    /// The authorization server reported another error.
    AuthorizationFailed,
    /// The token endpoint gave no token.
    TokenFailed,
    /// The token endpoint did not answer in time.
    TokenSlow,
    /// The token comes without a patient.
    NoPatient,
    /// The granted scopes do not allow what is required.
    ScopeTooSmall,
    /// The FHIR server refused the token.
    NotAllowed,
    /// The FHIR server does not know the patient.
    PatientNotFound,
    /// The FHIR server did not answer in time.
    RecordSlow,
    /// The FHIR server failed, or what is required is incomplete.
    RecordUnreadable,
    /// What came is not usable: another patient, or no Patient.
    RecordUnusable,
    /// The FHIR release is not supported.
    UnsupportedRelease,
    /// Too many launches at one time.
    Overloaded,
    /// Something of ours does not answer.
    Unavailable,
    /// There is no assessment any more.
    Ended,
    /// A request from another site.
    CrossSite,
    /// The page could not be made.
    Failed,
}

impl LaunchProblem {
    /// All.
    pub const ALL: [Self; 27] = [
        Self::MissingParameters,
        Self::UnknownIssuer,
        Self::Shadow,
        Self::DiscoveryFailed,
        Self::ForeignEndpoint,
        Self::NoCookie,
        Self::ForgedState,
        Self::ExpiredState,
        Self::UsedState,
        Self::WrongIssuer,
        Self::Denied,
        Self::AuthorizationFailed,
        Self::TokenFailed,
        Self::TokenSlow,
        Self::NoPatient,
        Self::ScopeTooSmall,
        Self::NotAllowed,
        Self::PatientNotFound,
        Self::RecordSlow,
        Self::RecordUnreadable,
        Self::RecordUnusable,
        Self::UnsupportedRelease,
        Self::Overloaded,
        Self::Unavailable,
        Self::Ended,
        Self::CrossSite,
        Self::Failed,
    ];

    /// The name in metrics, logs and the file of words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingParameters => "missing-parameters",
            Self::UnknownIssuer => "unknown-issuer",
            Self::Shadow => "shadow",
            Self::DiscoveryFailed => "discovery-failed",
            Self::ForeignEndpoint => "foreign-endpoint",
            Self::NoCookie => "no-cookie",
            Self::ForgedState => "forged-state",
            Self::ExpiredState => "expired-state",
            Self::UsedState => "used-state",
            Self::WrongIssuer => "wrong-issuer",
            Self::Denied => "denied",
            Self::AuthorizationFailed => "authorization-failed",
            Self::TokenFailed => "token-failed",
            Self::TokenSlow => "token-slow",
            Self::NoPatient => "no-patient",
            Self::ScopeTooSmall => "scope-too-small",
            Self::NotAllowed => "not-allowed",
            Self::PatientNotFound => "patient-not-found",
            Self::RecordSlow => "record-slow",
            Self::RecordUnreadable => "record-unreadable",
            Self::RecordUnusable => "record-unusable",
            Self::UnsupportedRelease => "unsupported-release",
            Self::Overloaded => "overloaded",
            Self::Unavailable => "unavailable",
            Self::Ended => "ended",
            Self::CrossSite => "cross-site",
            Self::Failed => "failed",
        }
    }

    /// HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::MissingParameters | Self::ForgedState | Self::WrongIssuer => 400,
            Self::UnknownIssuer
            | Self::Shadow
            | Self::NoCookie
            | Self::Denied
            | Self::ScopeTooSmall
            | Self::NotAllowed
            | Self::CrossSite => 403,
            Self::PatientNotFound => 404,
            Self::UsedState => 409,
            Self::ExpiredState | Self::Ended => 410,
            Self::NoPatient | Self::RecordUnusable | Self::UnsupportedRelease => 422,
            Self::Failed => 500,
            Self::DiscoveryFailed
            | Self::ForeignEndpoint
            | Self::AuthorizationFailed
            | Self::TokenFailed
            | Self::RecordUnreadable => 502,
            Self::Overloaded | Self::Unavailable => 503,
            Self::TokenSlow | Self::RecordSlow => 504,
        }
    }
}
