//! `/model`: who may read it, in which form, and whose model.

use super::*;
use sha2::{Digest, Sha256};

const ROUTES: [&str; 3] = ["/model", "/model/source-attributes", "/model/tripod-ai"];
const CLOSED: &str = "public_routes = []\n";

/// The built-in model under another version, and its SHA-256.
fn other_model(version: &str) -> (String, String) {
    let text = std::fs::read_to_string("cds-hooks/models/liu-2022.json").unwrap();
    let mut model: Value = serde_json::from_str(&text).unwrap();
    model["version"] = json!(version);
    let text = model.to_string();
    let sha256 = Sha256::digest(&text);
    let sha256 = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    (text, sha256)
}

/// A site with a tenant of its own model and one that has the model of all.
fn two_tenants(top: &str) -> (Site, String) {
    let (text, sha256) = other_model("7.7.7");
    let tenants = "[[clients.tenants]]\nid = \"own\"\nmodel = \"FOLDER/own.json\"\n[[clients.tenants]]\nid = \"plain\"\n";
    let site = Site::with_files(top, tenants, &[("own.json", &text)]);
    (site, sha256)
}

fn version(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["model"]["version"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn links(answer: &Answer) -> Vec<String> {
    let card = &answer.json()["cards"][0];
    let links = card["links"].as_array().unwrap().iter();
    links
        .map(|link| link["url"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_form_is_that_which_the_caller_asks_for() {
    let site = Site::new("", "");
    for (query, accept, media_type) in [
        ("", None, "text/html; charset=utf-8"),
        ("", Some("*/*"), "text/html; charset=utf-8"),
        (
            "",
            Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            "text/html; charset=utf-8",
        ),
        ("", Some("application/json"), "application/json"),
        (
            "",
            Some("Application/JSON; q=0.9, text/markdown;q=0.5"),
            "application/json",
        ),
        (
            "",
            Some("text/markdown, text/html;q=0.5"),
            "text/markdown; charset=utf-8",
        ),
        (
            "",
            Some("application/json;q=0, text/html;q=0.1"),
            "text/html; charset=utf-8",
        ),
        ("", Some("image/png"), "text/html; charset=utf-8"),
        ("?format=json", None, "application/json"),
        (
            "?format=markdown",
            Some("application/json"),
            "text/markdown; charset=utf-8",
        ),
        (
            "?format=html",
            Some("application/json"),
            "text/html; charset=utf-8",
        ),
    ] {
        for route in ROUTES {
            let headers: Vec<(&str, &str)> =
                accept.iter().map(|accept| ("accept", *accept)).collect();
            let answer = site
                .server
                .send("GET", &format!("{route}{query}"), &headers, None);
            assert_eq!(answer.status, 200, "{route}{query}");
            assert_eq!(
                answer.header("content-type"),
                Some(media_type),
                "{route}{query} {accept:?}"
            );
            let begins = match media_type.split(';').next().unwrap() {
                "application/json" => "{\n",
                "text/markdown" => "# ",
                _ => "<!doctype html>",
            };
            assert!(answer.body.starts_with(begins), "{route}{query} {accept:?}");
        }
    }
    let refused = site.server.get("/model?format=pdf");
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("expected markdown, html or json"));
    let refused = site.server.get("/model?format=json&format=html");
    assert_eq!(refused.json()["resourceType"], "OperationOutcome");
    assert_eq!(refused.status, 400);
}

#[test]
fn a_cache_may_keep_it_and_asks_again() {
    let site = Site::new("", "");
    let mut tags = Vec::new();
    for route in ROUTES {
        for format in ["html", "markdown", "json"] {
            let path = format!("{route}?format={format}");
            let answer = site.server.get(&path);
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            let tag = answer.header("etag").unwrap().to_owned();
            let digest = Sha256::digest(&answer.body);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(
                tag,
                format!("\"{digest}\""),
                "the tag is the hash of the text"
            );
            for known in [tag.as_str(), &format!("\"x\", W/{tag}"), "*"] {
                let again = site
                    .server
                    .send("GET", &path, &[("if-none-match", known)], None);
                assert_eq!((again.status, again.body.as_str()), (304, ""), "{known}");
                assert_eq!(again.header("etag"), Some(tag.as_str()));
            }
            let changed = site
                .server
                .send("GET", &path, &[("if-none-match", "\"x\"")], None);
            assert_eq!(changed.status, 200);
            let head = site.server.send("HEAD", &path, &[], None);
            assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
            for name in ["etag", "content-type", "content-length", "cache-control"] {
                assert_eq!(head.header(name), answer.header(name), "{path}: {name}");
            }
            tags.push(tag);
        }
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 9);
}

#[test]
fn other_methods_are_refused_and_headers_keep_a_browser_safe() {
    let site = Site::new("cors.origins = [\"https://ehr.example.test\"]", "");
    for route in ROUTES {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = site.server.send(method, route, &[], None);
            assert_eq!(answer.status, 405, "{method} {route}");
            assert_eq!(answer.header("allow"), Some("GET"), "{method} {route}");
        }
        let headers = [("origin", "https://ehr.example.test")];
        let answer = site.server.send("GET", route, &headers, None);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let vary: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "vary")
            .map(|(_, value)| value.as_str())
            .collect();
        let vary = vary.join(",").to_ascii_lowercase();
        assert!(vary.contains("accept") && vary.contains("origin"), "{vary}");
        for (name, _) in &answer.headers {
            let known = [
                "content-type",
                "content-length",
                "date",
                "vary",
                "etag",
                "cache-control",
                "content-security-policy",
                "referrer-policy",
                "x-content-type-options",
                "x-request-id",
            ];
            assert!(
                known.contains(&name.as_str()) || name.starts_with("access-control-"),
                "{name}"
            );
        }
    }
}

#[test]
fn the_model_of_any_tenant_is_found_by_its_hash() {
    let (site, own) = two_tenants("");
    let shared = site.server.get("/model?format=json").json()["model"]["sha256"].clone();
    let shared = shared.as_str().unwrap();
    assert_ne!(shared, own);
    for (sha256, expected) in [
        (own.clone(), "7.7.7"),
        (own.to_ascii_uppercase(), "7.7.7"),
        (shared.to_owned(), "2.0.0"),
    ] {
        for route in ROUTES {
            let answer = site
                .server
                .get(&format!("{route}?format=json&sha256={sha256}"));
            assert_eq!(version(&answer), expected, "{route} {sha256}");
        }
    }
    for unknown in [
        "0".repeat(64),
        own[..63].to_owned(),
        String::new(),
        "..%2f".into(),
    ] {
        let answer = site.server.get(&format!("/model?sha256={unknown}"));
        assert_eq!(answer.status, 404, "{unknown}");
        assert!(
            answer
                .body
                .contains("no model of this SHA-256 is in use here")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }

    // Each tenant's card leads to its own model.
    let call = known_chart().call();
    for (tenant, sha256, expected) in [("own", own.as_str(), "7.7.7"), ("plain", shared, "2.0.0")] {
        let answer = site.call_as(tenant, &call);
        assert_eq!(assessment(&answer)["model"]["sha256"], sha256);
        let address = format!("{EXTERNAL}/model?sha256={sha256}");
        assert_eq!(links(&answer)[1..], [address.as_str()], "{tenant}");
        let path = address.strip_prefix(EXTERNAL).unwrap();
        assert_eq!(
            version(&site.server.get(&format!("{path}&format=json"))),
            expected
        );
    }
}

#[test]
fn where_it_is_not_public_a_caller_sees_its_own_model_only() {
    let (site, own) = two_tenants(CLOSED);
    let send = |tenant: &str, route: &str, query: &str| {
        let token = token(route, json!({ "tenant": tenant }));
        site.send("GET", &format!("{route}{query}"), &token, None)
    };
    for route in ROUTES {
        let answer = site.server.get(route);
        assert_eq!(answer.status, 401, "{route}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert_eq!(
            version(&send("own", route, "?format=json")),
            "7.7.7",
            "{route}"
        );
        assert_eq!(
            version(&send("plain", route, "?format=json")),
            "2.0.0",
            "{route}"
        );
        let answer = send("own", route, "");
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
        let by_hash = format!("?format=json&sha256={own}");
        assert_eq!(version(&send("own", route, &by_hash)), "7.7.7");
        assert_eq!(send("plain", route, &by_hash).status, 404, "another's");
        // A token for one of them is none for another.
        let elsewhere = token("/cds-services", json!({ "tenant": "own" }));
        assert_eq!(site.send("GET", route, &elsewhere, None).status, 401);
    }
    // A link that the clinician could not follow is not offered.
    let answer = site.call_as("own", &known_chart().call());
    assert_eq!(
        links(&answer),
        ["https://doi.org/10.1186/s13550-022-00917-8"]
    );
}

#[test]
fn only_routes_that_there_are_can_be_public() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rrdtc.toml");
    for (setting, expected) in [
        ("public_routes = [\"/model\"]", None),
        ("public_routes = []", None),
        (
            "public_routes = [\"/cds-services\"]",
            Some("public_routes: expected routes among /model, /openapi.json"),
        ),
        (
            "public_routes = [\"/model\", \"model\"]",
            Some("public_routes"),
        ),
        ("public_routes = \"/model\"", Some("public_routes")),
    ] {
        std::fs::write(&file, setting).unwrap();
        match (Settings::load(Some(&file)), expected) {
            (Ok(_), None) => {}
            (Err(error), Some(expected)) => {
                let error = error.to_string();
                assert!(
                    error.contains(expected) && error.contains("rrdtc.toml:1"),
                    "{error}"
                );
            }
            (outcome, _) => panic!("{setting}: {outcome:?}"),
        }
    }
}
