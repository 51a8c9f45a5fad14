//! With which token is read: that of the call, none, or our own.

use super::*;

#[tokio::test]
async fn a_token_is_not_used_after_it_has_expired() {
    let delay = Duration::from_millis(1_200);
    let stub = Misbehaving::start(move |request| match request.target.contains("slow") {
        true => Reply::After(
            delay,
            Box::new(Reply::json(&searchset(&[], Some("Condition?page=2")))),
        ),
        false => Reply::status(503),
    });
    let mut retrying = settings(stub.base());
    retrying.limits.retries = 1_000;
    let server = fhir_server(retrying);
    let expired = Call {
        token_life: Some(Duration::ZERO),
        ..Call::to(&stub.base())
    };
    assert_eq!(
        outcomes(&expired.read(&server, &[CONDITIONS]).await),
        [Failed(TokenExpired)]
    );
    assert_eq!(stub.received().len(), 0);

    // The answer with a second page comes after the end of the token: that page is not asked for.
    let expiring = Call {
        token_life: Some(delay / 3),
        ..Call::to(&stub.base())
    };
    let read = expiring.read(&server, &["Condition?slow"]).await;
    assert_eq!(outcomes(&read), [Failed(TokenExpired)]);
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn without_a_token_only_what_is_configured_is_read() {
    let stub = Misbehaving::start(|_| one_condition());
    let call = Call::without_token(&stub.base());
    let server = fhir_server(settings(stub.base()));
    assert!(!server.reads_without_token());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(NoAuthorisation)]
    );
    let odd = Call {
        token: Some("two\r\nHeaders: x".into()),
        ..Call::to(&stub.base())
    };
    assert_eq!(
        outcomes(&odd.read(&server, &[CONDITIONS]).await),
        [Failed(NoAuthorisation)]
    );
    assert_eq!(stub.received().len(), 0);

    let mut anonymous = settings(stub.base());
    anonymous.access = Access::Anonymous;
    let server = fhir_server(anonymous);
    assert!(server.reads_without_token());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Complete]
    );
    assert_eq!(stub.received()[0].header("authorization"), None);
}

/// A FHIR server with its token endpoint, and our registration there.
struct Registered {
    stub: Misbehaving,
    _folder: tempfile::TempDir,
    settings: FhirServerSettings,
}

impl Registered {
    fn new(
        algorithm: AssertionAlgorithm,
        reply: impl Fn(&Received, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let (kind, jwt) = match algorithm {
            AssertionAlgorithm::Es384 => (&rcgen::PKCS_ECDSA_P384_SHA384, Algorithm::ES384),
            AssertionAlgorithm::Rs384 => (&rcgen::PKCS_RSA_SHA384, Algorithm::RS384),
        };
        let key = rcgen::KeyPair::generate_for(kind).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("key.pem");
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let public = key.public_key_pem();
        let tokens = AtomicUsize::new(0);
        let used = Mutex::new(Vec::<String>::new());
        let stub = Misbehaving::start(move |request| {
            if request.target != "/token" {
                return reply(request, tokens.load(Ordering::SeqCst)).unwrap_or_else(one_condition);
            }
            let jti = check_assertion(request, public.as_bytes(), jwt);
            let mut used = used.lock().unwrap();
            assert!(!used.contains(&jti), "a jti is used once");
            used.push(jti);
            let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
            reply(request, number).unwrap_or_else(|| token_answer(number, 300))
        });
        let mut settings = settings(stub.base());
        settings.access = Access::BackendServices(BackendServices {
            token_endpoint: stub.url("127.0.0.1", "/token"),
            client_id: "rrdtc".to_owned(),
            key_file,
            key_id: "key-1".to_owned(),
            algorithm,
            scope: "system/*.rs".to_owned(),
        });
        Self {
            stub,
            _folder: folder,
            settings,
        }
    }

    /// Requests to the token endpoint, and bearer tokens of the others.
    fn requests(&self) -> (usize, Vec<String>) {
        let received = self.stub.received();
        let (asked, read): (Vec<_>, Vec<_>) = received
            .into_iter()
            .partition(|request| request.target == "/token");
        let token = |request: &Received| request.header("authorization").unwrap().to_owned();
        (asked.len(), read.iter().map(token).collect())
    }
}

fn token_answer(number: usize, expires_in: u64) -> Reply {
    let token = format!("own-{number}");
    let answer = json!({ "access_token": token, "token_type": "bearer", "expires_in": expires_in, "scope": "system/*.rs" });
    Reply::text("application/json", answer.to_string())
}

/// Checks a token request as an authorization server does; the jti.
fn check_assertion(request: &Received, public_key: &[u8], algorithm: Algorithm) -> String {
    assert_eq!(request.method, "POST");
    assert_eq!(request.form("grant_type").unwrap(), "client_credentials");
    assert_eq!(request.form("scope").unwrap(), "system/*.rs");
    assert_eq!(
        request.form("client_assertion_type").unwrap(),
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    );
    let key = match algorithm {
        Algorithm::ES384 => DecodingKey::from_ec_pem(public_key),
        _ => DecodingKey::from_rsa_pem(public_key),
    };
    let mut validation = Validation::new(algorithm);
    let audience = format!("http://{}/token", request.header("host").unwrap());
    validation.set_audience(&[audience]);
    validation.set_issuer(&["rrdtc"]);
    validation.set_required_spec_claims(&["iss", "sub", "aud", "exp"]);
    let assertion = request.form("client_assertion").unwrap();
    let token = jsonwebtoken::decode::<Value>(&assertion, &key.unwrap(), &validation).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("key-1"));
    assert_eq!(token.claims["sub"], "rrdtc");
    let now = jiff::Timestamp::now().as_second();
    assert!(
        token.claims["exp"].as_i64().unwrap() <= now + 300,
        "SMART allows five minutes"
    );
    token.claims["jti"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn our_own_token_is_asked_for_once_and_kept() {
    for algorithm in [AssertionAlgorithm::Es384, AssertionAlgorithm::Rs384] {
        let registered = Registered::new(algorithm, |_, _| None);
        let server = fhir_server(registered.settings.clone());
        let call = Call::without_token(&registered.stub.base());
        let queries = [CONDITIONS, "Procedure?patient=p1"];
        let (first, second) =
            futures_util::future::join(call.read(&server, &queries), call.read(&server, &queries))
                .await;
        assert_eq!(
            (outcomes(&first), outcomes(&second)),
            (vec![Complete; 2], vec![Complete; 2])
        );
        call.read(&server, &queries).await;
        assert_eq!(
            registered.requests(),
            (1, vec!["Bearer own-1".to_owned(); 6]),
            "{algorithm:?}"
        );

        // A token that comes with a call goes first.
        Call::to(&registered.stub.base())
            .read(&server, &[CONDITIONS])
            .await;
        assert_eq!(
            registered.requests().1.last().unwrap(),
            &format!("Bearer {TOKEN}")
        );
    }
}

#[tokio::test]
async fn our_own_token_is_renewed_when_it_ends_or_is_refused() {
    let registered = Registered::new(AssertionAlgorithm::Es384, |request, number| {
        match (request.target.as_str(), number) {
            ("/token", 2) => Some(token_answer(2, 1)),
            ("/token", _) => None,
            (_, 1) => Some(Reply::status(401)),
            _ => None,
        }
    });
    let server = fhir_server(registered.settings.clone());
    let call = Call::without_token(&registered.stub.base());
    assert_eq!(
        outcomes(&call.read(&server, &[CONDITIONS]).await),
        [Failed(Unauthorised)]
    );
    // Refused: another one, which lives for a second.
    let patience = Instant::now() + AMPLE;
    while registered.requests().0 < 3 {
        let read = call.read(&server, &[CONDITIONS]).await;
        assert!(
            matches!(read[0].outcome, Complete | Failed(TokenExpired)),
            "{:?}",
            read[0].outcome
        );
        assert!(Instant::now() < patience, "never renewed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, used) = registered.requests();
    assert_eq!(used.first().unwrap(), "Bearer own-1");
    assert!(used.contains(&"Bearer own-2".to_owned()));
    assert_eq!(used.last().unwrap(), "Bearer own-3");
}

#[tokio::test]
async fn without_our_own_token_nothing_is_read() {
    let target = Misbehaving::start(|_| token_answer(1, 300));
    let location = target.url("127.0.0.1", "/token").to_string();
    let json = |text: &str| Reply::text("application/json", text);
    let cases: [(&str, Reply, FailureReason); 9] = [
        ("400", Reply::status(400), TokenRefused),
        ("500", Reply::status(500), TokenRefused),
        (
            "redirect",
            Reply::status(307).with("Location", &location),
            TokenRefused,
        ),
        ("HTML", Reply::text("text/html", "<html>"), TokenRefused),
        (
            "another type",
            json(r#"{"access_token":"a","token_type":"mac","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "no token",
            json(r#"{"token_type":"bearer","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "odd token",
            json(r#"{"access_token":"a\r\nb","token_type":"bearer","expires_in":300}"#),
            TokenRefused,
        ),
        (
            "expired at once",
            json(r#"{"access_token":"a","token_type":"bearer","expires_in":0}"#),
            TokenExpired,
        ),
        ("never", Reply::Never, Deadline),
    ];
    for (name, reply, reason) in cases {
        let registered =
            Registered::new(AssertionAlgorithm::Es384, move |_, _| Some(reply.clone()));
        let server = fhir_server(registered.settings.clone());
        let call = Call {
            within: Duration::from_millis(if reason == Deadline { 500 } else { 20_000 }),
            ..Call::without_token(&registered.stub.base())
        };
        assert_eq!(
            outcomes(&call.read(&server, &[CONDITIONS]).await),
            [Failed(reason)],
            "{name}"
        );
        assert_eq!(registered.requests(), (1, vec![]), "{name}");
    }
    assert_eq!(target.received().len(), 0);
}

#[test]
fn a_key_that_does_not_fit_its_algorithm_is_told_at_the_start() {
    let mut registered = Registered::new(AssertionAlgorithm::Es384, |_, _| None);
    let Access::BackendServices(services) = &mut registered.settings.access else {
        unreachable!("Registered sets it");
    };
    let p256 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    std::fs::write(&services.key_file, p256.serialize_pem()).unwrap();
    for algorithm in [AssertionAlgorithm::Es384, AssertionAlgorithm::Rs384] {
        if let Access::BackendServices(services) = &mut registered.settings.access {
            services.algorithm = algorithm;
        }
        let server = FhirServer::new(registered.settings.clone(), Arc::new(()));
        assert!(
            matches!(
                server.err(),
                Some(InvalidFhirServer::Key(InvalidKey::NotAKey { .. }))
            ),
            "{algorithm:?}"
        );
    }
}
