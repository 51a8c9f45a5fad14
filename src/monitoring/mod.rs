//! Whether the model in use still fits: drift of what goes in, mix of classes, calibration over time with control limits.
//!
//! Everything comes from what the service wrote itself: lines of the audit trail, feedback of the store, and outcomes that a
//! hospital adds later. A patient who is assessed many times in a month counts once in it. Knows no command line.
//! Read [`Monitoring`] first.

mod result;

pub use result::{
    Calibration, Chart, Counted, Expected, FeedbackSummary, Monitoring, MonitoringSettings, Month,
    OutcomeSummary, Period, Point, Reference, State, TrailSummary, Verdict,
};
