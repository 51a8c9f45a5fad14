//! What is counted. Every label comes from a closed list or from the configuration: no patient, no caller's text.

use crate::audit::AuditStatus;
use crate::domain::facts::Source;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Duration;

/// Upper bounds of latency histograms, seconds.
const SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 1.5, 3.0,
];

/// The recorder of the process: counting goes nowhere before the first call.
pub fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS);
        // The list of bounds is not empty, which is all that can be wrong with it.
        let recorder = builder
            .unwrap_or_else(|_| PrometheusBuilder::new())
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_ok() {
            describe();
        }
        handle
    })
}

fn describe() {
    describe_counter!(
        "rrdtc_calls_total",
        "Hook calls by service, client, HTTP status, class and display reason"
    );
    describe_histogram!(
        "rrdtc_call_duration_seconds",
        "Time from the head of a hook call to its answer"
    );
    describe_counter!(
        "rrdtc_prefetch_total",
        "Prefetch keys by where their data came from"
    );
    describe_histogram!(
        "rrdtc_fhir_duration_seconds",
        "Time of FHIR requests by client and outcome"
    );
    describe_counter!(
        "rrdtc_refused_tokens_total",
        "Callers refused, by the reason that they are not told"
    );
    describe_counter!(
        "rrdtc_unmapped_orders_total",
        "Drafts that name radioiodine under an unknown code"
    );
    describe_counter!("rrdtc_feedback_total", "Feedback items by outcome");
    describe_counter!(
        "rrdtc_shown_dropped_total",
        "Shown cards that could not be recorded"
    );
    describe_counter!("rrdtc_audit_lines_total", "Audit lines on disk");
    describe_counter!(
        "rrdtc_audit_failed_total",
        "Audit lines that are not on disk, by why: the queue was full, the disk refused, or an answer was given up for lack of one"
    );
    describe_counter!(
        "rrdtc_reloads_total",
        "Reloads of the configuration by result"
    );
    describe_counter!(
        "rrdtc_launches_total",
        "Launches of the SMART app by client and how they ended"
    );
    describe_gauge!("rrdtc_calls_in_flight", "Hook calls being answered");
}

/// A finished hook call. Class and display reason are empty when there was no assessment.
pub fn call(
    service: &str,
    client: &str,
    status: u16,
    class: &'static str,
    display: &'static str,
    duration: Duration,
) {
    counter!("rrdtc_calls_total", "service" => service.to_owned(), "client" => client.to_owned(), "status" => status.to_string(), "class" => class, "display" => display).increment(1);
    histogram!("rrdtc_call_duration_seconds", "service" => service.to_owned()).record(duration);
}

/// Where the data of a prefetch key came from.
pub fn prefetch(key: &str, source: Source) {
    counter!("rrdtc_prefetch_total", "key" => key.to_owned(), "from" => source.from.as_str(), "complete" => if source.complete { "true" } else { "false" }).increment(1);
}

/// A request to a FHIR server.
pub fn fhir(client: &str, outcome: &'static str, duration: Duration) {
    histogram!("rrdtc_fhir_duration_seconds", "client" => client.to_owned(), "outcome" => outcome)
        .record(duration);
}

/// A caller that was refused.
pub fn refused_token(reason: &'static str) {
    counter!("rrdtc_refused_tokens_total", "reason" => reason).increment(1);
}

/// A draft that names radioiodine under an unknown code.
pub fn unmapped_order(service: &str) {
    counter!("rrdtc_unmapped_orders_total", "service" => service.to_owned()).increment(1);
}

/// Items of feedback.
pub fn feedback(service: &str, outcome: &'static str, items: u64) {
    counter!("rrdtc_feedback_total", "service" => service.to_owned(), "outcome" => outcome)
        .increment(items);
}

/// Shown cards that could not be recorded since the start.
pub fn shown_dropped(rows: u64) {
    counter!("rrdtc_shown_dropped_total").absolute(rows);
}

/// The audit trail since the start. Of lines that it could not keep best-effort callers are not told.
pub fn audit(status: AuditStatus) {
    counter!("rrdtc_audit_lines_total").absolute(status.recorded);
    counter!("rrdtc_audit_failed_total", "why" => "queue-full").absolute(status.queue_full);
    counter!("rrdtc_audit_failed_total", "why" => "disk").absolute(status.write_failed);
}

/// An answer that was given up because its audit line is not on disk.
pub fn not_audited() {
    counter!("rrdtc_audit_failed_total", "why" => "no-answer").increment(1);
}

/// A launch of the SMART app that ended: `assessed`, or the problem. No client where none is known.
pub fn launch(client: &str, outcome: &'static str) {
    counter!("rrdtc_launches_total", "client" => client.to_owned(), "outcome" => outcome)
        .increment(1);
}

/// A reload.
pub fn reload(succeeded: bool) {
    counter!("rrdtc_reloads_total", "result" => if succeeded { "taken" } else { "refused" })
        .increment(1);
}

/// A call that is being answered, counted for as long as this lives.
pub struct InFlight;

impl InFlight {
    /// One more.
    pub fn enter() -> Self {
        gauge!("rrdtc_calls_in_flight").increment(1);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!("rrdtc_calls_in_flight").decrement(1);
    }
}
