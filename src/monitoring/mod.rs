//! Whether the model in use still fits: drift of what goes in, mix of classes, calibration over time with control limits.
//!
//! Everything comes from what the service wrote itself: lines of the audit trail, feedback of the store, and outcomes that a
//! hospital adds later. A patient who is assessed many times in a month counts once in it. Knows no command line.
//! Read [`Monitoring`] first.

mod charts;
mod limits;
mod monitor;
mod months;
mod outcomes;
mod page;
mod result;
pub mod summary;
mod trail;

pub use charts::Against;
pub use limits::TAIL;
pub use monitor::{Options, monitor};
pub use outcomes::{Outcomes, UnusableOutcomes};
pub use page::page;
pub use trail::{Card, Filter, Trail};

pub use result::{
    Calibration, Chart, Counted, Expected, FeedbackSummary, Monitoring, MonitoringSettings, Month,
    OutcomeSummary, Period, Point, Reference, State, TrailSummary, Verdict,
};
