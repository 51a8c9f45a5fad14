//! Whether the process lives, whether it can answer, and what it counts. Readiness and metrics have a listener of their own.

use super::{State, metrics};
use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

/// `GET /health/live`: the process answers.
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "live" }))
}

/// `GET /health/ready`: 200 when every part that a call needs works, else 503; which one does not is in the answer.
pub async fn ready(state: web::Data<State>) -> HttpResponse {
    let live = state.live();
    let mut checks = Map::new();
    checks.insert("keys".into(), live.has_keys().into());
    // The models were checked when they were loaded: a process without one does not run.
    checks.insert("model".into(), true.into());
    if let Some(store) = &state.store {
        checks.insert("store".into(), store.ready().await.is_ok().into());
    }
    if let Some(audit) = &state.audit {
        checks.insert("audit".into(), audit.ready().await.is_ok().into());
    }
    if live.settings.redis_url.is_some() {
        checks.insert("usedTokens".into(), state.used.ready().await.into());
    }
    let is_ready = checks.values().all(|check| *check == Value::Bool(true));
    let mut response = if is_ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response
        .json(json!({ "status": if is_ready { "ready" } else { "not ready" }, "checks": checks }))
}

/// `GET /metrics`: Prometheus text.
pub async fn prometheus(state: web::Data<State>) -> HttpResponse {
    if let Some(shown) = &state.shown {
        metrics::shown_dropped(shown.dropped());
    }
    if let Some(audit) = &state.audit {
        metrics::audit(audit.status());
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(metrics::recorder().render())
}
