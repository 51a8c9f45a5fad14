//! What runs beside the calls: keys are kept fresh, and signals are obeyed.

use super::tls::Certificate;
use super::{CannotStart, Reload, State, metrics};
use actix_web::dev::ServerHandle;
use actix_web::web;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Keys and FHIR releases are looked after this often.
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// Keys and FHIR releases, at the start and again and again.
pub(super) async fn look_after(state: web::Data<State>) {
    loop {
        state.live().refresh().await;
        tokio::time::sleep(REFRESH_EVERY).await;
    }
}

/// SIGTERM: calls in flight are finished, then metrics end too. SIGINT: at once. Not left to the servers themselves: the one
/// that is done first would end the other.
pub(super) async fn stop(servers: Vec<ServerHandle>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be listened for");
        return;
    };
    let is_graceful = tokio::select! {
        _ = terminate.recv() => true,
        _ = interrupt.recv() => false,
    };
    for server in servers {
        server.stop(is_graceful).await;
    }
}

/// SIGHUP: everything anew in one swap, or nothing.
pub(super) async fn reload(
    state: web::Data<State>,
    certificate: Option<Arc<Certificate>>,
    read: Reload,
) {
    let Ok(mut hangups) = signal(SignalKind::hangup()) else {
        tracing::error!("SIGHUP cannot be listened for: no reload");
        return;
    };
    while hangups.recv().await.is_some() {
        let reloaded = read()
            .map_err(CannotStart::from)
            .and_then(|settings| state.replace(settings, certificate.as_deref()));
        metrics::reload(reloaded.is_ok());
        match reloaded {
            Ok(()) => {
                tracing::info!("the configuration was read again and is in force");
                state.live().refresh().await;
            }
            Err(error) => tracing::error!(%error, "the configuration stays as it was"),
        }
    }
}
