//! What a value set means to a rule. A role is the `id` of its ValueSet file.

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $id:literal,)*) => {
        /// A value set that some rule asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Role { $($(#[$doc])* #[doc = concat!("`", $id, "`")] $variant,)* }
        impl Role {
            /// Every role.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The id of its ValueSet.
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }
        }
    };
}

roles! {
    DifferentiatedThyroidCancer = "differentiated-thyroid-cancer",
    OncocyticThyroidCancer = "oncocytic-thyroid-cancer",
    ThyroidCancerHistologyNotStated = "thyroid-cancer-histology-not-stated",
    ThyroidCancerHistory = "thyroid-cancer-history",
    ExcludedThyroidHistology = "excluded-thyroid-histology",
    NotThyroidCancer = "not-thyroid-cancer",
    MetastasisFromThyroid = "metastasis-from-thyroid",
    MetastasisFromOtherOrgan = "metastasis-from-other-organ",
    NeuroendocrineMetastasis = "neuroendocrine-metastasis",
    OtherPrimaryCancer = "other-primary-cancer",
    ThyroidCancerRecurrence = "thyroid-cancer-recurrence",
    GenericRecurrence = "generic-recurrence",
    RadioiodineSequela = "radioiodine-sequela",
    IrradiationHistory = "irradiation-history",
    HistologyDifferentiated = "histology-differentiated",
    HistologyOncocytic = "histology-oncocytic",
    HistologyNotStated = "histology-not-stated",
    HistologyExcluded = "histology-excluded",
    HistologyNotCancer = "histology-not-cancer",
    TotalThyroidectomy = "total-thyroidectomy",
    CompletionThyroidectomy = "completion-thyroidectomy",
    LeftThyroidLobectomy = "left-thyroid-lobectomy",
    RightThyroidLobectomy = "right-thyroid-lobectomy",
    ThyroidectomyExtentNotStated = "thyroidectomy-extent-not-stated",
    PartialThyroidectomy = "partial-thyroidectomy",
    NeckOperation = "neck-operation",
    RadioiodineTherapy = "radioiodine-therapy",
    RadioiodineAgent = "radioiodine-agent",
    RadionuclideTherapyGeneric = "radionuclide-therapy-generic",
    RadioiodineBenign = "radioiodine-benign",
    RadioiodineDiagnostic = "radioiodine-diagnostic",
    DiseaseStatusObservation = "disease-status-observation",
    DiseaseStatusRecurrence = "disease-status-recurrence",
    DiseaseStatusNoEvidence = "disease-status-no-evidence",
    DiseaseStatusWorsened = "disease-status-worsened",
    ObdsPrimaryNoDisease = "obds-primary-no-disease",
    ObdsNodesNoDisease = "obds-nodes-no-disease",
    MetastasisSiteObservation = "metastasis-site-observation",
    StagingRegionalNodes = "staging-regional-nodes",
    StagingDistantMetastasis = "staging-distant-metastasis",
    FdgPetStudy = "fdg-pet-study",
    PetStudy = "pet-study",
    FdgTracer = "fdg-tracer",
    OtherTracer = "other-tracer",
    Suv = "suv",
    /// Local codes of SUVmax: no standard code exists, so ours is empty and only a site fills it.
    SuvMax = "suvmax",
    NotSuvMax = "not-suvmax",
    StatisticMarker = "statistic-marker",
    StatisticMaximum = "statistic-maximum",
    StatisticOther = "statistic-other",
    ReadingPositive = "reading-positive",
    ReadingNegative = "reading-negative",
    ReadingIndeterminate = "reading-indeterminate",
    FindingAbsent = "finding-absent",
    ReportNegative = "report-negative",
    PhysiologicSite = "physiologic-site",
    ThyroidSite = "thyroid-site",
}

impl Role {
    /// Whether the service can start without it.
    pub fn may_be_missing(self) -> bool {
        self == Self::SuvMax
    }
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u64);

const _: () = assert!(Role::ALL.len() <= 64);

impl Roles {
    /// One role.
    pub fn one(role: Role) -> Self {
        Self(1 << role as u32)
    }

    /// Whether it is in.
    pub fn contains(self, role: Role) -> bool {
        self.0 & Self::one(role).0 != 0
    }

    /// Both sets.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
