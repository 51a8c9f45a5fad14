//! Who is contacted at all: bases, redirects, addresses, certificates, proxies.

use super::*;

#[tokio::test]
async fn nothing_outside_the_configured_bases_is_contacted() {
    let elsewhere = Misbehaving::start(|_| one_condition());
    let other_host = elsewhere
        .url("127.0.0.1", "/fhir/Condition?page=2")
        .to_string();
    for next in [
        other_host.as_str(),
        "/admin/Condition?page=2",
        "/fhirother/Condition?page=2",
        "../admin?page=2",
        "%2e%2e/admin?page=2",
        "..%2fadmin?page=2",
    ] {
        let link = next.to_owned();
        let stub =
            Misbehaving::start(move |_| Reply::json(&searchset(&[condition("c1")], Some(&link))));
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base()).read(&server, &[CONDITIONS]).await;
        assert_eq!(
            (read[0].outcome, read[0].pages.len()),
            (Incomplete(RefusedLink), 1),
            "{next}"
        );
        assert_eq!(stub.received().len(), 1, "{next}");
    }

    let server = fhir_server(settings("https://ehr.example.org/fhir".parse().unwrap()));
    assert!(!server.allows(&elsewhere.base()));
    let read = Call::to(&elsewhere.base())
        .read(&server, &[CONDITIONS])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase)]);

    let server = fhir_server(settings(elsewhere.base()));
    assert!(server.allows(&elsewhere.base()));
    let read = Call::to(&elsewhere.base())
        .read(&server, &["../admin", "%2e%2e/admin"])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase); 2]);
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn a_hostile_id_stays_one_value_on_the_wire() {
    let stub = Misbehaving::start(|_| Reply::json(&searchset(&[], None)));
    let server = fhir_server(settings(stub.base()));
    for (id, expected) in [
        (
            "a&_id=b",
            Some("/fhir/Condition?patient=a%26_id%3Db&_count=9"),
        ),
        ("../x", Some("/fhir/Condition?patient=..%2Fx&_count=9")),
        (
            "a HTTP/1.1\r\nHost: b\r\n\r\n",
            Some("/fhir/Condition?patient=a%20HTTP%2F1.1%0D%0AHost%3A%20b%0D%0A%0D%0A&_count=9"),
        ),
        ("", None),
    ] {
        let template = "Condition?patient={{context.patientId}}&_count=9";
        let query = fill(template, &|name| {
            (name == "context.patientId").then_some(id)
        });
        assert_eq!(query.is_some(), expected.is_some(), "{id:?}");
        if let (Some(query), Some(expected)) = (query, expected) {
            let read = Call::to(&stub.base()).read(&server, &[&query]).await;
            assert_eq!(outcomes(&read), [Complete], "{id:?}");
            assert_eq!(stub.received().last().unwrap().target, expected, "{id:?}");
        }
    }
    let traversal = fill("Patient/{{id}}", &|_| Some("../../admin")).unwrap();
    let read = Call::to(&stub.base()).read(&server, &[&traversal]).await;
    assert_eq!(
        outcomes(&read),
        [Failed(RefusedBase)],
        "nothing in a path may stand for a slash"
    );
}

#[tokio::test]
async fn a_redirect_is_never_followed() {
    let target = Misbehaving::start(|_| one_condition());
    for status in [301, 302, 303, 307, 308] {
        let location = target.base().to_string();
        let stub = Misbehaving::start(move |request| {
            let location = match request.target.contains("Condition") {
                true => location.as_str(),
                // To the same host.
                false => "/fhir/Condition",
            };
            Reply::status(status).with("Location", location)
        });
        let server = fhir_server(settings(stub.base()));
        let read = Call::to(&stub.base())
            .read(&server, &[CONDITIONS, "Procedure?patient=p1"])
            .await;
        assert_eq!(outcomes(&read), [Failed(Redirect); 2], "{status}");
        assert_eq!(stub.received().len(), 2, "{status}");
    }
    assert_eq!(target.received().len(), 0);
}

#[tokio::test]
async fn a_private_address_is_refused_by_name_and_by_number() {
    let stub = Misbehaving::start(|_| one_condition());
    let networks = loopback().allow_private_networks;
    for (host, allowed, expected) in [
        ("localhost", vec![], Failed(RefusedAddress)),
        ("127.0.0.1", vec![], Failed(RefusedAddress)),
        ("2130706433", vec![], Failed(RefusedAddress)),
        ("0x7f.1", vec![], Failed(RefusedAddress)),
        ("[::ffff:127.0.0.1]", vec![], Failed(RefusedAddress)),
        ("0.0.0.0", vec![], Failed(RefusedAddress)),
        (
            "localhost",
            vec!["10.0.0.0/8".parse().unwrap()],
            Failed(RefusedAddress),
        ),
        ("localhost", networks.clone(), Complete),
        ("127.0.0.1", networks.clone(), Complete),
        ("[::ffff:127.0.0.1]", networks, Complete),
    ] {
        let base = stub.url(host, "/fhir");
        let mut settings = settings(base.clone());
        settings.outbound.allow_private_networks = allowed;
        let before = stub.received().len();
        let read = Call::to(&base)
            .read(&fhir_server(settings), &[CONDITIONS])
            .await;
        assert_eq!(outcomes(&read), [expected], "{host}");
        assert_eq!(
            stub.received().len() - before,
            usize::from(expected == Complete),
            "{host}"
        );
    }
    let mut https_only = settings(stub.base());
    https_only.outbound.allow_http = false;
    let read = Call::to(&stub.base())
        .read(&fhir_server(https_only), &[CONDITIONS])
        .await;
    assert_eq!(outcomes(&read), [Failed(RefusedBase)]);
}

#[tokio::test]
async fn a_private_authority_and_mutual_tls() {
    let authority = Authority::new();
    let stranger = Authority::new();
    let (ca_file, other_ca) = (Some(authority.ca_file()), Some(stranger.ca_file()));
    let (own, strange) = (Some(authority.client()), Some(stranger.client()));
    for (name, host, mutual, ca_file, client, expected) in [
        (
            "private authority",
            "localhost",
            false,
            &ca_file,
            &None,
            Some(Complete),
        ),
        (
            "not believed",
            "localhost",
            false,
            &None,
            &None,
            Some(Failed(Tls)),
        ),
        (
            "another authority",
            "localhost",
            false,
            &other_ca,
            &None,
            Some(Failed(Tls)),
        ),
        (
            "another name",
            "127.0.0.1",
            false,
            &ca_file,
            &None,
            Some(Failed(Tls)),
        ),
        ("mutual", "localhost", true, &ca_file, &own, Some(Complete)),
        // The refusal comes as an alert or as a reset, whichever is faster.
        (
            "mutual, none shown",
            "localhost",
            true,
            &ca_file,
            &None,
            None,
        ),
        (
            "mutual, a stranger's",
            "localhost",
            true,
            &ca_file,
            &strange,
            None,
        ),
    ] {
        let stub = Misbehaving::start_tls(authority.server(&["localhost"], mutual), |_| {
            one_condition()
        });
        let base = stub.url(host, "/fhir");
        let mut settings = settings(base.clone());
        settings.outbound.allow_http = false;
        settings.outbound.ca_file = ca_file.clone();
        settings.outbound.client_cert_file = client.clone().map(|(certificate, _)| certificate);
        settings.outbound.client_key_file = client.clone().map(|(_, key)| key);
        let read = Call::to(&base)
            .read(&fhir_server(settings), &[CONDITIONS])
            .await;
        match expected {
            Some(expected) => assert_eq!(outcomes(&read), [expected], "{name}"),
            None => assert!(
                matches!(read[0].outcome, Failed(Tls | Connection)),
                "{name}"
            ),
        }
        assert_eq!(
            stub.received().len(),
            usize::from(expected == Some(Complete)),
            "{name}"
        );
    }
}

#[tokio::test]
async fn through_a_proxy_the_proxy_resolves_names_and_numbers_are_still_checked() {
    const HOST: &str = "fhir.hospital.invalid";
    let authority = Authority::new();
    let stub = Misbehaving::start_tls(authority.server(&[HOST], false), |_| one_condition());
    let proxy = ConnectProxy::to(stub.address);
    let through = |base: &str, url: &Url| {
        let mut settings = settings(base.parse().unwrap());
        settings.outbound.allow_private_networks = Vec::new();
        settings.outbound.ca_file = Some(authority.ca_file());
        settings.outbound.proxy = Some(url.clone());
        (fhir_server(settings), Call::to(&base.parse().unwrap()))
    };
    let (server, call) = through(&format!("https://{HOST}/fhir"), &proxy.url);
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(proxy.asked(), [format!("CONNECT {HOST}:443")]);
    assert_eq!(stub.received()[0].target, format!("/fhir/{CONDITIONS}"));

    let (server, call) = through("https://10.0.0.7/fhir", &proxy.url);
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(RefusedAddress)]
    );
    assert_eq!(proxy.asked().len(), 1);

    // Plain HTTP goes to the proxy with the whole URL; the proxy is named, not numbered, and may be private.
    let plain = Misbehaving::start(|_| one_condition());
    let (server, call) = through(&format!("http://{HOST}/fhir"), &plain.url("localhost", ""));
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(
        plain.received()[0].target,
        format!("http://{HOST}/fhir/{CONDITIONS}")
    );
}

#[test]
fn settings_that_cannot_work_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "no certificate").unwrap();
    let missing = folder.path().join("missing.pem");
    let none = OutboundSettings::default;
    let not_pem = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::NotPem { .. });
    let unreadable =
        |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::Unreadable { .. });
    let half = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::HalfAnIdentity);
    let proxy = |problem: &InvalidOutbound| matches!(problem, InvalidOutbound::Proxy);
    type Is<'a> = &'a dyn Fn(&InvalidOutbound) -> bool;
    for (settings, expected) in [
        (
            OutboundSettings {
                ca_file: Some(missing.clone()),
                ..none()
            },
            &unreadable as Is<'_>,
        ),
        (
            OutboundSettings {
                ca_file: Some(garbage.clone()),
                ..none()
            },
            &not_pem,
        ),
        (
            OutboundSettings {
                client_cert_file: Some(garbage.clone()),
                ..none()
            },
            &half,
        ),
        (
            OutboundSettings {
                client_key_file: Some(garbage.clone()),
                ..none()
            },
            &half,
        ),
        (
            OutboundSettings {
                client_cert_file: Some(garbage.clone()),
                client_key_file: Some(garbage.clone()),
                ..none()
            },
            &not_pem,
        ),
        (
            OutboundSettings {
                proxy: Some("ftp://proxy.example.org".parse().unwrap()),
                ..none()
            },
            &proxy,
        ),
    ] {
        let problem = Outbound::new(&settings).err();
        assert!(
            problem.as_ref().is_some_and(expected),
            "{settings:?}: {problem:?}"
        );
    }
    let with_password = OutboundSettings {
        proxy: Some("http://user:s3cret@proxy.example.org".parse().unwrap()),
        ..none()
    };
    assert!(!format!("{with_password:?}").contains("s3cret"));
}
