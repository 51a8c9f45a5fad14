//! The text of a configuration file: settings, or mistakes that each say what and where.

use rrdtc::config::{InvalidConfiguration, Settings};
use std::path::Path;

pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    // Settings may name files, and these hold what never ends.
    if ["/dev", "/proc", "/sys"]
        .iter()
        .any(|folder| text.contains(folder))
    {
        return;
    }
    let read = || Settings::of_text(Path::new("rrdtc.toml"), text);
    match read() {
        Ok(settings) => check_settings(&settings),
        Err(error) => {
            let again = read().err().map(|error| error.to_string());
            assert_eq!(
                Some(error.to_string()),
                again,
                "the same text is told the same"
            );
            check_error(&error, text);
        }
    }
}

fn check_settings(settings: &Settings) {
    assert!(settings.max_body_bytes > 0 && settings.max_concurrent_calls > 0);
    assert!(!settings.deadline.is_zero() && !settings.client_timeout.is_zero());
    assert!(settings.advice.rules.max_pet_age_days >= 0);
    assert!(settings.clients.is_empty() || settings.external_url.is_some());
    assert!(["error", "warn", "info", "debug"].contains(&settings.log.level.as_str()));
}

fn check_error(error: &InvalidConfiguration, text: &str) {
    let lines = 1..=text.matches('\n').count() + 1;
    match error {
        InvalidConfiguration::File(..) => panic!("no file was read"),
        InvalidConfiguration::Toml { line, problem, .. } => {
            assert!(lines.contains(line) && !problem.is_empty(), "{error}");
        }
        InvalidConfiguration::Mistakes(mistakes) => {
            assert!(!mistakes.is_empty());
            let document =
                toml_edit::ImDocument::parse(text).expect("what is no TOML is told as that");
            for mistake in mistakes {
                assert!(!mistake.problem.is_empty(), "{error}");
                let first = mistake.setting.split('.').next().unwrap_or_default();
                match &mistake.place {
                    Some((_, line)) => assert!(lines.contains(line), "{error}"),
                    // Not written in this file: it is missing, or a default.
                    None => assert!(
                        !first.is_empty() && !document.as_table().contains_key(first),
                        "a mistake without its place: {error}"
                    ),
                }
            }
        }
    }
}
