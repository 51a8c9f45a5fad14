//! A circuit breaker: a server that only fails is left alone for a while, then asked once before it is asked again by all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The state of one server.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row that open it.
    threshold: u32,
    /// How long it stays open.
    open_for: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures_in_a_row: u32,
    opened_at: Option<Instant>,
    is_probing: bool,
}

/// Leave to send one request. Dropped without a verdict it changes nothing.
#[derive(Debug)]
pub(super) struct Admission<'b> {
    breaker: &'b Breaker,
    is_probe: bool,
}

impl Breaker {
    pub(super) fn new(threshold: u32, open_for: Duration) -> Self {
        Self {
            threshold,
            open_for,
            state: Mutex::default(),
        }
    }

    /// Leave to send a request at this time; none while the circuit is open or a probe is under way.
    pub(super) fn admit(&self, now: Instant) -> Option<Admission<'_>> {
        let mut state = self.state();
        let is_probe = match state.opened_at {
            None => false,
            Some(opened_at)
                if now.duration_since(opened_at) < self.open_for || state.is_probing =>
            {
                return None;
            }
            Some(_) => {
                state.is_probing = true;
                true
            }
        };
        Some(Admission {
            breaker: self,
            is_probe,
        })
    }

    // The state is whole after every statement that changes it, so a panic elsewhere leaves nothing half done.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission<'_> {
    /// The server answered.
    pub(super) fn succeeded(self) {
        let mut state = self.breaker.state();
        state.failures_in_a_row = 0;
        state.opened_at = None;
    }

    /// The server failed.
    pub(super) fn failed(self, now: Instant) {
        let mut state = self.breaker.state();
        state.failures_in_a_row = state.failures_in_a_row.saturating_add(1);
        // A request from before the opening that fails late does not prolong it.
        let opens = state.opened_at.is_none() && state.failures_in_a_row >= self.breaker.threshold;
        if opens || self.is_probe {
            state.opened_at = Some(now);
        }
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if self.is_probe {
            self.breaker.state().is_probing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Breaker;
    use std::time::{Duration, Instant};

    #[test]
    fn failures_in_a_row_open_it_and_one_probe_closes_it() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let breaker = Breaker::new(2, Duration::from_secs(10));
        breaker.admit(at(0)).unwrap().failed(at(0));
        breaker.admit(at(0)).unwrap().succeeded();
        breaker.admit(at(0)).unwrap().failed(at(0));
        let late = breaker.admit(at(0)).unwrap();
        breaker.admit(at(0)).unwrap().failed(at(1));
        assert!(breaker.admit(at(2)).is_none());
        late.failed(at(9));

        let probe = breaker.admit(at(11)).unwrap();
        assert!(breaker.admit(at(11)).is_none(), "one probe at a time");
        probe.failed(at(12));
        assert!(
            breaker.admit(at(21)).is_none(),
            "open anew from the failed probe on"
        );

        drop(breaker.admit(at(22)).unwrap());
        breaker.admit(at(22)).unwrap().succeeded();
        assert!(breaker.admit(at(22)).is_some() && breaker.admit(at(22)).is_some());
    }
}
