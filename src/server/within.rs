//! Calls from within the process: the sandbox's own pages ask the service as everybody without a token does, and tell it what a
//! user did. The same bytes, the same code behind it as over HTTP; only the socket is left out.

use super::hook::Work;
use super::live::Place;
use super::{Problem, State, feedback};
use crate::store::Store;
use actix_web::web;
use std::time::Instant;

impl State {
    /// The database of feedback and shown cards, where there is one.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }
}

/// Answers a hook call: request bytes in, response bytes out.
pub async fn call(state: &web::Data<State>, id: &str, body: &[u8]) -> Result<Vec<u8>, Problem> {
    let live = state.live();
    let received_at = Instant::now();
    let work = Work {
        state: state.clone(),
        deadline: received_at + live.settings.deadline,
        live,
        caller: Place::OPEN,
        id: id.to_owned(),
        received_at,
    };
    work.answer(body).await.map(|(bytes, _)| bytes)
}

/// Takes feedback on the cards of a service.
pub async fn take_feedback(state: &web::Data<State>, id: &str, body: &[u8]) -> Result<(), Problem> {
    let live = state.live();
    feedback::keep_body(body, id, state, &live, live.at(Place::OPEN)).await
}
