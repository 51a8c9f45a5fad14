//! Mistakes are told all at once, with place and remedy; what wins over what; and secrets that are never printed.

use super::process::{EXTERNAL_URL, Place, Process, client, keys};
use crate::support::AS_OF;
use serde_json::Value;

#[test]
fn every_mistake_is_told_with_file_line_and_what_to_write() {
    let place = Place::new();
    let file = place.path("rrdtc.toml").display().to_string();
    let keys = keys();
    let text = format!(
        r#"listen = "nowhere"
external_url = "https://cds.test"
max_pet_age_days = 0
undocumented_recurrence = "perhaps"
[log]
format = "xml"
level = "loud"
[audit]
mode = "sometimes"
[[clients]]
name = "two words"
issuer = "https://a.test"
jwks = '''{keys}'''
replay = "often"
[[clients]]
name = "b"
issuer = "https://a.test"
mode = "dark"
fhir_version = "STU3"
fhir_bases = ["ftp://ehr.test"]
snooze_days = 900
show_classes = ["all"]
"#
    );
    place.configure(&text);
    let (code, told) = place.run(&["check"], &[]);
    assert_eq!(code, 3, "{told}");
    let line_of = |what: &str| text.lines().position(|line| line.contains(what)).unwrap() + 1;
    for (setting, line, remedy) in [
        ("listen", line_of("listen ="), "127.0.0.1:8080"),
        ("max_pet_age_days", line_of("max_pet_age"), "1 to 36500"),
        (
            "undocumented_recurrence",
            line_of("undocumented"),
            "\"unknown\" or \"absent\"",
        ),
        ("log.format", line_of("format ="), "\"text\" or \"json\""),
        ("log.level", line_of("level ="), "\"warn\""),
        (
            "audit.mode",
            line_of("mode = \"sometimes\""),
            "\"best-effort\"",
        ),
        ("clients.0.name", line_of("two words"), "letters, digits"),
        (
            "clients.0.replay",
            line_of("replay"),
            "\"strict\" or \"allow\"",
        ),
        ("clients.1.mode", line_of("dark"), "\"live\" or \"shadow\""),
        (
            "clients.1.issuer",
            line_of("name = \"b\"") + 1,
            "[[clients.tenants]]",
        ),
        ("clients.1.fhir_version", line_of("STU3"), "\"R4\""),
        ("clients.1.fhir_bases", line_of("ftp:"), "https://"),
        ("clients.1.snooze_days", line_of("snooze_days"), "180"),
        (
            "clients.1.show_classes",
            line_of("show_classes"),
            "indeterminate",
        ),
        ("clients.1.jku", line_of("name = \"b\"") - 1, "jwks_file"),
    ] {
        let place = format!("{file}:{line}: {setting}: ");
        let found = told.lines().find(|told| told.contains(&place));
        let found = found.unwrap_or_else(|| panic!("{file}:{line}: {setting} is not in\n{told}"));
        assert!(found.contains(remedy), "{found}");
    }
}

#[test]
fn unknown_settings_and_wrong_types_are_told_beside_wrong_values() {
    let place = Place::new();
    let file = place.path("rrdtc.toml").display().to_string();
    place.configure(&format!(
        "no_such_setting = 1\nmax_body_bytes = \"many\"\ndeadline_ms = 0\nexternal_url = {EXTERNAL_URL:?}\n[[clients]]\nname = \"a\"\nisuer = \"x\"\nalgorithms = 7\nreplay = \"often\"\n"
    ));
    let (code, told) = place.run(&["check"], &[]);
    assert_eq!(code, 3, "{told}");
    for (line, setting) in [
        (1, "no_such_setting"),
        (2, "max_body_bytes"),
        (3, "deadline_ms"),
        (7, "clients.0.isuer"),
        (8, "clients.0.algorithms"),
        (9, "clients.0.replay"),
        (5, "clients.0.issuer"),
    ] {
        assert!(
            told.contains(&format!("{file}:{line}: {setting}: ")),
            "{line} {setting}:\n{told}"
        );
    }
    assert_eq!(told.matches(": max_body_bytes: ").count(), 1, "{told}");

    place.configure("listen = \"127.0.0.1:1\"\n[log\n");
    let (code, told) = place.run(&["check"], &[]);
    assert!(code == 3 && told.contains(&format!("{file}:2: ")), "{told}");
}

/// What only shows when everything is loaded is no surprise at the start: `check` says it too.
#[test]
fn check_refuses_whatever_serve_would() {
    let place = Place::new();
    let base = "external_url = \"https://cds.test\"\n";
    let missing = place.path("none.pem").display().to_string();
    let good = client("ehr", "");
    let broken_keys = good.replace("\"kty\":\"EC\"", "\"kty\":\"XX\"");
    assert_ne!(good, broken_keys);
    for (text, told) in [
        (format!("{base}{broken_keys}"), "ehr"),
        (
            format!(
                "{base}{}",
                good.replace("pseudonyms-of-ehr-0123456789-0123456789", "short")
            ),
            "pseudonym_key",
        ),
        (
            format!(
                "{base}store_url = \"sqlite:{}\"\n{}",
                place.path("rrdtc.db").display(),
                client("ehr", "snooze_days = 7\nsnooze_reasons = [\"because\"]")
            ),
            "because",
        ),
        (
            format!("{base}{}", client("ehr", "model = \"no-such-model.json\"")),
            "no-such-model.json",
        ),
        (
            format!(
                "{base}{}",
                client(
                    "ehr",
                    &format!("fhir_bases = [\"https://ehr.test/fhir\"]\nca_file = \"{missing}\"")
                )
            ),
            "none.pem",
        ),
        (
            format!(
                "{base}[tls]\ncertificate_file = \"{missing}\"\nkey_file = \"{missing}\"\n{good}"
            ),
            "none.pem",
        ),
        (
            format!(
                "{base}proxy = \"not an address\"\n{}",
                client("ehr", "fhir_bases = [\"https://ehr.test/fhir\"]")
            ),
            "proxy",
        ),
        (
            format!("{base}store_url = \"mysql://x\"\n{good}"),
            "store_url",
        ),
        (
            format!("{base}redis_url = \"http://x\"\n{good}"),
            "redis_url",
        ),
    ] {
        place.configure(&text);
        let (code, started) = place.run(
            &["serve", "--port", "0", "--metrics-listen", "127.0.0.1:0"],
            &[],
        );
        assert!(
            [1, 3].contains(&code) && started.contains(told),
            "serve {code}: {started}\n{text}"
        );
        let (code, checked) = place.run(&["check"], &[]);
        assert!(
            code == 3 && checked.contains(told),
            "check {code}: {checked}\n{text}"
        );
    }
    place.configure(&format!("{base}{good}"));
    assert_eq!(place.run(&["check"], &[]).0, 0);
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let version = |process: &Process| -> Value {
        let answer = process.server.get("/cds-services");
        answer.json()["services"][0]["version"].clone()
    };
    let place = Place::new();
    place.configure("");
    let plain = place.serve(&["--open"]);
    let built_in = version(&plain);
    drop(plain);
    place.configure("cds_hooks_version = \"1.2.3\"\nlisten = \"127.0.0.2:0\"\n");
    let from_file = Process::start(&place, &["--open"], &[]);
    assert_ne!(version(&from_file), built_in);
    assert!(
        version(&from_file).to_string().contains("1.2.3"),
        "{}",
        version(&from_file)
    );
    assert!(from_file.address().starts_with("127.0.0.2:"));
    drop(from_file);
    let variables = [
        ("RRDTC_CDS_HOOKS_VERSION", "4.5.6"),
        ("RRDTC_LISTEN", "127.0.0.3:0"),
    ];
    let from_environment = Process::start(&place, &["--open"], &variables);
    assert!(version(&from_environment).to_string().contains("4.5.6"));
    assert!(from_environment.address().starts_with("127.0.0.3:"));
    drop(from_environment);
    let from_flags = Process::start(&place, &["--open", "--listen", "127.0.0.4:0"], &variables);
    assert!(from_flags.address().starts_with("127.0.0.4:"));
    // Levels are joined by two underscores.
    let (code, told) = place.run(&["check"], &[("RRDTC_LOG__LEVEL", "loud")]);
    assert!(code == 3 && told.contains("log.level"), "{told}");
}

#[test]
fn a_secret_is_a_value_or_a_file_and_is_never_printed() {
    const SECRET: &str = "s3cret-s3cret-s3cret-s3cret-s3cret";
    let place = Place::new();
    let file = place.path("secret").display().to_string();
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let of_client = |line: &str| {
        client("ehr", line).replace(
            "pseudonym_key = \"pseudonyms-of-ehr-0123456789-0123456789\"\n",
            "",
        )
    };
    let serve = ["serve", "--port", "0", "--metrics-listen", "127.0.0.1:0"];
    let base = "external_url = \"https://cds.test\"\n";
    for name in ["proxy", "store_url", "redis_url", "pseudonym_key"] {
        let configure = |lines: &str| match name {
            "pseudonym_key" => place.configure(&format!("{base}{}", of_client(lines))),
            _ => place.configure(&format!(
                "{base}{lines}\n{}",
                of_client("fhir_bases = [\"https://ehr.test/fhir\"]")
            )),
        };
        let refused = |what: &str, arguments: &[&str], told: &str| {
            let (code, text) = place.run(arguments, &[]);
            assert!([1, 3].contains(&code), "{name} {what}: {code} {text}");
            assert!(text.contains(told), "{name} {what}: {text}");
            assert!(!text.contains("s3cret"), "{name} {what}: {text}");
        };
        for arguments in [&["check"][..], &serve[..]] {
            configure(&format!("{name} = \"{SECRET}\"\n{name}_file = \"{file}\""));
            refused("both", arguments, "not both");
            configure(&format!("{name}_file = \"{file}-missing\""));
            refused("missing", arguments, "cannot be read");
            // A wrong type must not quote what was typed.
            configure(&format!("{name} = [\"{SECRET}\"]"));
            refused("list", arguments, name);
            configure(&format!("{name} = {{ s3cret = 1 }}"));
            refused("table", arguments, name);
            configure(&format!("{name} = \"s3cret"));
            refused("unterminated", arguments, "rrdtc.toml");
            if name != "pseudonym_key" {
                for url in [
                    "http:///user:{}@",
                    "sqlite:?{}",
                    "postgres://u:{}@h:port/d",
                    "redis://u:{}@h:port/x",
                    "{}",
                ] {
                    configure(&format!("{name} = \"{}\"", url.replace("{}", SECRET)));
                    let (code, text) = place.run(arguments, &[]);
                    assert_ne!(code, 0, "{name} {url}");
                    assert!(!text.contains("s3cret"), "{name} {url}: {text}");
                }
            }
        }
    }
    configure_number(&place, base, &of_client("pseudonym_key = 918273645"));
    let (code, text) = place.run(&["check"], &[("RRDTC_REDIS_URL", "918273645")]);
    assert!(code == 3 && !text.contains("918273645"), "{text}");

    // From a file it works as from the value.
    place.configure(&format!(
        "{base}{}",
        of_client(&format!("pseudonym_key_file = \"{file}\""))
    ));
    let process = place.serve(&[]);
    assert!(!process.log().contains("s3cret") && !process.printed().contains("s3cret"));
    drop(process);
    std::fs::write(
        &file,
        format!("sqlite:{}\n", place.path("from-file.db").display()),
    )
    .unwrap();
    place.configure(&format!("store_url_file = \"{file}\"\n"));
    let _process = place.serve(&["--open"]);
    assert!(place.path("from-file.db").exists());
}

fn configure_number(place: &Place, base: &str, client: &str) {
    place.configure(&format!("{base}{client}"));
    let (code, text) = place.run(&["check"], &[]);
    assert!(code == 3 && text.contains("pseudonym_key"), "{text}");
    assert!(!text.contains("918273645"), "{text}");
}

#[test]
fn who_may_call_must_be_said() {
    let place = Place::new();
    let serve = ["serve", "--port", "0", "--metrics-listen", "127.0.0.1:0"];
    let with = |more: &[&'static str]| [&serve[..], more].concat();
    place.configure("");
    let (code, text) = place.run(&with(&[]), &[]);
    assert!(
        code == 2 && text.contains("--open") && text.contains("[[clients]]"),
        "{text}"
    );
    place.configure(&format!(
        "external_url = \"https://cds.test\"\n{}",
        client("ehr", "")
    ));
    let (code, text) = place.run(&with(&["--open"]), &[]);
    assert!(code == 2 && text.contains("--open"), "{text}");
    let (code, text) = place.run(&with(&["--as-of", AS_OF]), &[]);
    assert!(code == 2 && text.contains("--as-of needs --open"), "{text}");
}
