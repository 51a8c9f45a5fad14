//! Why a card is shown or not: the closed list of domain.md section 5.

/// Reason of `display` in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DisplayReason {
    /// There is a card.
    Shown,
    /// The model does not apply to this patient.
    NotApplicable,
    /// The (selected) draft orders hold no therapeutic radioiodine.
    NoRadioiodineOrder,
    /// A draft order may be therapeutic radioiodine, but its codes do not tell.
    UnmappedOrder,
    /// The client runs in shadow mode: nothing of the result leaves the service.
    Shadow,
    /// The client hides cards of this class.
    ClassHidden,
    /// A card of this class was shown for this patient not long ago.
    AlreadyShown,
    /// Somebody asked not to be told for a while.
    Snoozed,
    /// The service is switched off for this client.
    ServiceOff,
}

impl DisplayReason {
    /// Every reason, in the order of the specification.
    pub const ALL: [Self; 9] = [
        Self::Shown,
        Self::NotApplicable,
        Self::NoRadioiodineOrder,
        Self::UnmappedOrder,
        Self::Shadow,
        Self::ClassHidden,
        Self::AlreadyShown,
        Self::Snoozed,
        Self::ServiceOff,
    ];

    /// As it stands in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::NotApplicable => "not-applicable",
            Self::NoRadioiodineOrder => "no-radioiodine-order",
            Self::UnmappedOrder => "unmapped-order",
            Self::Shadow => "shadow",
            Self::ClassHidden => "class-hidden",
            Self::AlreadyShown => "already-shown",
            Self::Snoozed => "snoozed",
            Self::ServiceOff => "service-off",
        }
    }
}
