//! The closed list of codes of domain.md section 8. An answer uses these words and no others.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* #[doc = concat!("`", $text, "`")] $variant,)* }
        impl $name {
            /// Every code, in the order of domain.md section 8.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The code as it stands in an answer.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

codes! {
    /// Why the model does not apply.
    NotApplicable {
        NoDtcDiagnosis = "no-dtc-diagnosis",
        ExcludedHistology = "excluded-histology",
        NoMetastasisRecorded = "no-metastasis-recorded",
        RadioiodineAlreadyGiven = "radioiodine-already-given",
        Deceased = "deceased",
    }
}

codes! {
    /// What limits an applicable answer as a whole.
    ApplicabilityCaveat {
        HistologyPresumed = "histology-presumed",
        HistologyOutsideCohort = "histology-outside-cohort",
        OtherPrimaryCancer = "other-primary-cancer",
        ThyroidectomyNotRecorded = "thyroidectomy-not-recorded",
        ThyroidectomyExtentNotRecorded = "thyroidectomy-extent-not-recorded",
        AgeOutsideDerivationRange = "age-outside-derivation-range",
        RadioiodineForBenignDisease = "radioiodine-for-benign-disease",
        RadioiodineUncertain = "radioiodine-uncertain",
        RadioiodineNotChecked = "radioiodine-not-checked",
        IrradiationHistory = "irradiation-history",
    }
}

codes! {
    /// What limits the state of one predictor.
    Caveat {
        DiagnosisDateFromRecord = "diagnosis-date-from-record",
        OperationUndated = "operation-undated",
        RecurrenceUndated = "recurrence-undated",
        MayBePersistentDisease = "may-be-persistent-disease",
        MetastasisUndated = "metastasis-undated",
        RecurrenceAssumedAbsent = "recurrence-assumed-absent",
        BoneAndMarrowOnly = "bone-and-marrow-only",
        MetastasisFromStaging = "metastasis-from-staging",
        VisualReadingNotRecorded = "visual-reading-not-recorded",
        TracerPresumed = "tracer-presumed",
        PetOlderThan90Days = "pet-older-than-90-days",
        PetMayPrecedeOperation = "pet-may-precede-operation",
        VisibleUptakeBelowThreshold = "visible-uptake-below-threshold",
        NewerPetNotFinal = "newer-pet-not-final",
    }
}

codes! {
    /// What a clinician may want to look at; never decides anything.
    Hint {
        ValueInFreeText = "value-in-free-text",
        DiseaseWorsened = "disease-worsened",
        SecondNeckOperation = "second-neck-operation",
        CompletionThyroidectomy = "completion-thyroidectomy",
    }
}

codes! {
    /// Why a record was set aside. The open ones stand first, see [`SetAsideCode::is_open`].
    SetAsideCode {
        Unreadable = "unreadable",
        UnmappedCode = "unmapped-code",
        ModifierExtension = "modifier-extension",
        NotConfirmed = "not-confirmed",
        NotFinal = "not-final",
        NoDate = "no-date",
        UnitNotUnderstood = "unit-not-understood",
        StatisticNotStated = "statistic-not-stated",
        ImplausibleValue = "implausible-value",
        DataAbsent = "data-absent",
        ThyroidBed = "thyroid-bed",
        SuvMaxNotRecorded = "suvmax-not-recorded",
        ForeignSubject = "foreign-subject",
        NoSubject = "no-subject",
        EnteredInError = "entered-in-error",
        Refuted = "refuted",
        NotDone = "not-done",
        NotCurrent = "not-current",
        BeforeOperation = "before-operation",
        AfterAssessment = "after-assessment",
        Stale = "stale",
        OlderStudy = "older-study",
        NotFdg = "not-fdg",
        NotSuvMax = "not-suvmax",
        PhysiologicOrReference = "physiologic-or-reference",
        OtherCancer = "other-cancer",
        NotDtc = "not-dtc",
        PartialThyroidectomy = "partial-thyroidectomy",
        DiagnosticRadioiodine = "diagnostic-radioiodine",
        BenignRadioiodine = "benign-radioiodine",
        NotGiven = "not-given",
    }
}

impl SetAsideCode {
    /// An open record could matter if it were readable: taken as positive it may turn `absent` into `unknown`.
    pub fn is_open(self) -> bool {
        self <= Self::SuvMaxNotRecorded
    }
}

codes! {
    /// What a record shows, where neither a value nor a site goes with it. Metastases with their sites and PET findings with
    /// their values are made of parts, see [`WhatPart`].
    What {
        BirthDate = "birth date",
        Diagnosis = "diagnosis of differentiated thyroid cancer",
        AgeAtOnset = "age at onset of differentiated thyroid cancer",
        Differentiated = "differentiated thyroid cancer",
        Oncocytic = "oncocytic thyroid cancer",
        HistologyNotStated = "thyroid cancer, histology not stated",
        History = "history of thyroid cancer",
        Spread = "spread or recurrence of thyroid cancer",
        Excluded = "thyroid cancer of a kind that the model excludes",
        OtherPrimaryCancer = "another primary cancer",
        TotalThyroidectomy = "total thyroidectomy",
        CompletionThyroidectomy = "completion thyroidectomy",
        LeftLobectomy = "left thyroid lobectomy",
        RightLobectomy = "right thyroid lobectomy",
        ExtentNotStated = "thyroidectomy, extent not stated",
        Radioiodine = "iodine-131 treatment",
        PossibleRadioiodine = "possible iodine-131 treatment",
        Irradiation = "history of irradiation",
        Recurrence = "recurrence of thyroid cancer",
        RecurrenceByStatus = "clinical status: recurrence",
        RecurrenceByObservation = "disease status: recurrence",
        Unreadable = "record that could not be read",
        NoDisease = "no evidence of disease",
        StageN1 = "stage N1: lymph-node",
        StageM1 = "stage M1: site not said",
        MetastasisWithoutSite = "metastasis, site not said",
        PetWithoutResult = "FDG PET without a usable result",
    }
}

codes! {
    /// The beginnings and parts of what a record shows where a value or sites go with it: `metastasis: lung, bone`,
    /// `FDG PET: SUVmax 6.1, read positive; study read positive`.
    WhatPart {
        Metastasis = "metastasis: ",
        Pet = "FDG PET: ",
        SuvMax = "SUVmax ",
        ReadPositive = ", read positive",
        ReadNegative = ", read negative",
        StudyReadPositive = "study read positive",
        StudyReadNegative = "study read negative",
    }
}

/// Why a predictor is unknown or conflicting. The order is that of precedence in domain.md section 8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The diagnosis is dated before birth.
    OnsetBeforeBirth,
    /// The age at diagnosis would be over 120 years.
    AgeImplausible,
    /// No birth date, and no age at onset either.
    NoBirthDate,
    /// No DTC Condition has a date.
    NoDiagnosisDate,
    /// The dates allow ages on both sides of the threshold.
    AgeOnTheBoundary,
    /// Readings contradict each other or the measured value.
    ReadingContradictsValue,
    /// An order of events that the rule needs cannot be told.
    OrderNotKnown,
    /// The SUVmax is a bound or range that leaves the threshold open.
    ThresholdNotDecided,
    /// A metastasis appeared after the statement that no disease is present.
    MetastasisAfterNegative,
    /// The statement that no disease is present is too old.
    NegativeTooOld,
    /// No thyroidectomy on record.
    OperationNotRecorded,
    /// Visible uptake is reported without a SUVmax.
    SuvMaxNotRecorded,
    /// A metastasis without a site.
    SiteNotRecorded,
    /// Mediastinum beside lymph nodes only: may be the same finding.
    MediastinumOrNode,
    /// An open record that could change the state.
    Open(SetAsideCode),
    /// The only PET study is not final.
    NotFinal,
    /// A source that the state needs is missing or incomplete.
    SourceIncomplete,
    /// The PET study is too old.
    Stale,
    /// Nothing on record.
    NotRecorded,
}

impl Reason {
    /// Every reason, in the order of precedence.
    pub fn all() -> impl Iterator<Item = Self> {
        let before = [
            Self::OnsetBeforeBirth,
            Self::AgeImplausible,
            Self::NoBirthDate,
            Self::NoDiagnosisDate,
            Self::AgeOnTheBoundary,
            Self::ReadingContradictsValue,
            Self::OrderNotKnown,
            Self::ThresholdNotDecided,
            Self::MetastasisAfterNegative,
            Self::NegativeTooOld,
            Self::OperationNotRecorded,
            Self::SuvMaxNotRecorded,
            Self::SiteNotRecorded,
            Self::MediastinumOrNode,
        ];
        let open = SetAsideCode::ALL
            .iter()
            .copied()
            .filter(|code| code.is_open())
            .map(Self::Open);
        let after = [
            Self::NotFinal,
            Self::SourceIncomplete,
            Self::Stale,
            Self::NotRecorded,
        ];
        before.into_iter().chain(open).chain(after)
    }

    /// The code as it stands in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnsetBeforeBirth => "onset-before-birth",
            Self::AgeImplausible => "age-implausible",
            Self::NoBirthDate => "no-birth-date",
            Self::NoDiagnosisDate => "no-diagnosis-date",
            Self::AgeOnTheBoundary => "age-on-the-boundary",
            Self::ReadingContradictsValue => "reading-contradicts-value",
            Self::OrderNotKnown => "order-not-known",
            Self::ThresholdNotDecided => "threshold-not-decided",
            Self::MetastasisAfterNegative => "metastasis-after-negative",
            Self::NegativeTooOld => "negative-too-old",
            Self::OperationNotRecorded => "operation-not-recorded",
            Self::SuvMaxNotRecorded => "suvmax-not-recorded",
            Self::SiteNotRecorded => "site-not-recorded",
            Self::MediastinumOrNode => "mediastinum-or-node",
            Self::Open(code) => code.as_str(),
            Self::NotFinal => "not-final",
            Self::SourceIncomplete => "source-incomplete",
            Self::Stale => "stale",
            Self::NotRecorded => "not-recorded",
        }
    }
}

/// Where a radioiodine or cancer record stands with a rule: it counts, or it is set aside as open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The record counts.
    Counts,
    /// The record does not count, but could if it were readable.
    Open(SetAsideCode),
}
