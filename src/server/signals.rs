//! What runs beside the calls: keys are kept fresh, and signals are obeyed.

use super::tls::Certificate;
use super::{Live, Reload, State, metrics};
use crate::config::Settings;
use actix_web::dev::ServerHandle;
use actix_web::web;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Keys and FHIR releases are looked after this often.
const REFRESH_EVERY: Duration = Duration::from_secs(60);

/// Keys and FHIR releases, at the start and again and again.
pub(super) async fn look_after(state: web::Data<State>) {
    loop {
        state.live().refresh().await;
        state.assessments.forget_expired((state.now)());
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
    mut hangups: Signal,
    state: web::Data<State>,
    certificate: Option<Arc<Certificate>>,
    read: Reload,
) {
    while hangups.recv().await.is_some() {
        let reloaded = read().and_then(|settings| {
            let live = Live::load(
                settings,
                state.used.clone(),
                state.own_fhir.as_ref(),
                state.open_smart.as_ref(),
            )?;
            // The last step that can fail: nothing was replaced before.
            if let (Some(certificate), Some(tls)) = (&certificate, &live.settings.tls) {
                certificate.reload(tls)?;
            }
            let fixed = needs_restart(&state.live().settings, &live.settings);
            state.replace(live);
            Ok(fixed)
        });
        metrics::reload(reloaded.is_ok());
        match reloaded {
            Ok(fixed) => {
                tracing::info!("the configuration was read again and is in force");
                if !fixed.is_empty() {
                    tracing::warn!(
                        settings = fixed.join(", "),
                        "these settings changed, but hold only after a restart"
                    );
                }
                state.live().refresh().await;
            }
            Err(error) => tracing::error!(%error, "the configuration stays as it was"),
        }
    }
}

/// Names of settings that differ and are looked at only when the process starts.
fn needs_restart(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let is_same = |old: &Option<SecretString>, new: &Option<SecretString>| {
        old.as_ref().map(ExposeSecret::expose_secret)
            == new.as_ref().map(ExposeSecret::expose_secret)
    };
    [
        ("listen", old.listen == new.listen),
        ("external_url", old.external_url == new.external_url),
        ("metrics.listen", old.metrics_listen == new.metrics_listen),
        ("max_body_bytes", old.max_body_bytes == new.max_body_bytes),
        (
            "max_concurrent_calls",
            old.max_concurrent_calls == new.max_concurrent_calls,
        ),
        (
            "client_timeout_seconds",
            old.client_timeout == new.client_timeout,
        ),
        ("shutdown_seconds", old.shutdown == new.shutdown),
        ("store_url", is_same(&old.store_url, &new.store_url)),
        ("redis_url", is_same(&old.redis_url, &new.redis_url)),
        ("tls", old.tls.is_some() == new.tls.is_some()),
        ("cors", old.cors == new.cors),
        ("log", old.log == new.log),
        ("audit", old.audit == new.audit),
    ]
    .into_iter()
    .filter_map(|(name, is_same)| (!is_same).then_some(name))
    .collect()
}
