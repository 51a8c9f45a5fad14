//! What a hook's context must hold, by the name of the hook (CDS Hooks Library; conformance brief section 5).
//!
//! The one place that knows hooks by name. A hook that is not listed needs nothing but `patientId`: a service for it is a
//! file in `cds-hooks/services/` and nothing else.

/// What the context of a hook holds beside `patientId`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hook {
    /// `userId` is required.
    pub needs_user: bool,
    /// `encounterId` is required.
    pub needs_encounter: bool,
    /// The context holds draft orders, and the service speaks only when these ask for radioiodine.
    pub orders: Option<Orders>,
}

/// Which of the draft orders decide whether the service speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orders {
    /// All of `draftOrders`.
    All,
    /// Those that `selections` names; the others are background.
    Selected,
}

const HOOKS: [(&str, Hook); 6] = [
    ("patient-view", hook(false, None)),
    ("order-select", hook(false, Some(Orders::Selected))),
    ("order-sign", hook(false, Some(Orders::All))),
    ("encounter-start", hook(true, None)),
    ("encounter-discharge", hook(true, None)),
    ("appointment-book", hook(false, None)),
];

const fn hook(needs_encounter: bool, orders: Option<Orders>) -> Hook {
    Hook {
        needs_user: true,
        needs_encounter,
        orders,
    }
}

impl Hook {
    /// The hook of a name.
    pub fn of(name: &str) -> Self {
        HOOKS
            .iter()
            .find(|(known, _)| *known == name)
            .map_or_else(Self::default, |(_, hook)| *hook)
    }
}
