//! Every mistake in `[clients.smart]` is told, with what to write.

use super::*;
use rrdtc::config::InvalidConfiguration;

/// Mistakes of a configuration whose SMART lines are these: setting and text.
fn mistakes(client_lines: &str, smart: &str, tenants: &str) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rrdtc.toml");
    let text = format!(
        "external_url = \"{EXTERNAL_URL}\"\n{}[clients.smart]\n{smart}\n{tenants}",
        client("ehr", client_lines)
    );
    std::fs::write(&file, text).unwrap();
    match Settings::load(Some(&file)) {
        Ok(_) => Vec::new(),
        Err(InvalidConfiguration::Mistakes(mistakes)) => mistakes
            .into_iter()
            .map(|mistake| {
                assert!(mistake.place.is_some(), "{mistake}");
                (mistake.setting, mistake.problem)
            })
            .collect(),
        Err(error) => panic!("{error}"),
    }
}

const GOOD: &str = "issuers = [\"https://ehr.example.org/fhir\"]\nclient_id = \"rrdtc\"\n";

#[test]
fn what_is_right_is_taken() {
    for more in [
        "",
        "scopes = [\"patient/*.read\", \"openid\", \"fhirUser\"]",
        "scopes = [\"user/*.rs\"]",
        "frame_ancestors = [\"https://ehr.example.org:8443\"]",
        "authorization_origins = [\"https://login.example.org\"]",
        "key_file = \"/nowhere\"\nkid = \"1\"\nalgorithm = \"RS384\"",
    ] {
        assert_eq!(mistakes("", &format!("{GOOD}{more}"), ""), [], "{more}");
    }
}

#[test]
fn what_is_wrong_is_told_where_and_why() {
    for (smart, setting, part) in [
        ("client_id = \"x\"", "issuers", "required"),
        ("issuers = [\"https://a/fhir\"]", "client_id", "required"),
        (
            "client_id = \"x\"\nissuers = [\"http://a/fhir\"]",
            "issuers",
            "https://",
        ),
        (
            "client_id = \"x\"\nissuers = [\"ehr\"]",
            "issuers",
            "https://",
        ),
        (
            "client_id = \"x\"\nissuers = [\"https://a/fhir?x=y\"]",
            "issuers",
            "without query",
        ),
        (
            "client_id = \"x\"\nissuers = [\"https://a/f\", \"https://a/f/\"]",
            "issuers",
            "twice",
        ),
        (
            &format!("{GOOD}scopes = [\"launch\", \"patient/*.rs\"]"),
            "scopes",
            "launch",
        ),
        (
            &format!("{GOOD}scopes = [\"patient/*.cruds\"]"),
            "scopes",
            "written",
        ),
        (
            &format!("{GOOD}scopes = [\"patient/*.rs\", \"offline_access\"]"),
            "scopes",
            "dropped",
        ),
        (
            &format!("{GOOD}scopes = [\"patient/*.rs\", \"Patient.read\"]"),
            "scopes",
            "patient/Condition.rs",
        ),
        (
            &format!("{GOOD}scopes = [\"patient/Patient.rs\"]"),
            "scopes",
            "Condition",
        ),
        (&format!("{GOOD}scopes = []"), "scopes", "Patient"),
        (
            &format!("{GOOD}frame_ancestors = [\"*\"]"),
            "frame_ancestors",
            "origins",
        ),
        (
            &format!("{GOOD}frame_ancestors = [\"https://a/\"]"),
            "frame_ancestors",
            "origins",
        ),
        (
            &format!("{GOOD}frame_ancestors = [\"https://a; script-src *\"]"),
            "frame_ancestors",
            "origins",
        ),
        (
            &format!("{GOOD}authorization_origins = [\"http://a\"]"),
            "authorization_origins",
            "origins",
        ),
        (
            &format!("{GOOD}algorithm = \"HS256\""),
            "algorithm",
            "ES384",
        ),
        (&format!("{GOOD}key_file = \"/nowhere\""), "kid", "required"),
        (
            &format!("{GOOD}client_secret_file = \"/nowhere\""),
            "client_secret_file",
            "cannot be read",
        ),
        (
            &format!("{GOOD}client_secret_file = \"/nowhere\"\nkey_file = \"k\"\nkid = \"1\""),
            "client_secret_file",
            "or neither",
        ),
        (
            &format!("{GOOD}secret = \"zqx\""),
            "secret",
            "unknown field",
        ),
    ] {
        let found = mistakes("", smart, "");
        let setting = format!("clients.0.smart.{setting}");
        assert!(
            found
                .iter()
                .any(|(at, text)| *at == setting && text.contains(part)),
            "{smart}: {found:?}"
        );
    }
}

#[test]
fn issuers_belong_to_one_client_and_one_tenant() {
    let tenant = |id: &str, issuers: &str| {
        format!("[[clients.tenants]]\nid = \"{id}\"\nsmart_issuers = [{issuers}]\n")
    };
    let own = "\"https://ehr.example.org/fhir\"";
    assert_eq!(
        mistakes("", GOOD, &(tenant("a", own) + &tenant("b", ""))),
        []
    );
    for (tenants, part) in [
        (tenant("a", ""), "of one tenant"),
        (tenant("a", own) + &tenant("b", own), "of one tenant"),
        (
            tenant("a", &format!("{own}, \"https://other\"")),
            "not in smart.issuers",
        ),
    ] {
        let found = mistakes("", GOOD, &tenants);
        assert!(
            found.iter().any(|(_, text)| text.contains(part)),
            "{found:?}"
        );
    }
    let second = format!(
        "{}[clients.smart]\nclient_id = \"x\"\nissuers = [\"https://ehr.example.org/fhir/\"]\n",
        client("second", "")
    );
    let found = mistakes("", GOOD, &second);
    assert!(
        found
            .iter()
            .any(|(at, text)| at == "clients.1.smart.issuers" && text.contains("another client")),
        "{found:?}"
    );
}

#[test]
fn the_address_of_the_service_must_be_https() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rrdtc.toml");
    let text = format!(
        "external_url = \"http://cds.test\"\n{}[clients.smart]\n{GOOD}",
        client("ehr", "")
    );
    std::fs::write(&file, text).unwrap();
    let error = Settings::load(Some(&file)).unwrap_err().to_string();
    assert!(
        error.contains("external_url") && error.contains("cookie"),
        "{error}"
    );
}

#[test]
fn a_key_that_does_not_sign_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    std::fs::write(&key, "no key").unwrap();
    let file = folder.path().join("rrdtc.toml");
    let text = format!(
        "external_url = \"{EXTERNAL_URL}\"\n{}[clients.smart]\n{GOOD}key_file = \"{}\"\nkid = \"1\"\n",
        client("ehr", ""),
        key.display()
    );
    std::fs::write(&file, text).unwrap();
    let settings = Settings::load(Some(&file)).unwrap();
    let error = rrdtc::server::check(&settings).unwrap_err().to_string();
    assert!(
        error.contains("smart") && error.contains("key.pem"),
        "{error}"
    );
}
