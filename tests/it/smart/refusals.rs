//! Everything that can end a launch without an assessment: each is a page that a clinician understands, of the right status, and
//! nothing is asked of anybody whom it does not concern.

use super::*;
use crate::misbehaving::{Received, Reply};
use ehr::redirect;

const CALLBACK: &str = "https://cds.test/smart/callback";

fn ehr() -> Ehr {
    Ehr::start(Proof::Secret, &[chart_of("p-1", "zqx Doe")])
}

/// A launch of the patient to its end.
fn launched(site: &Site, ehr: &Ehr) -> browser::Page {
    site.browser()
        .go(&launch_url(&ehr.base(), &ehr.launch("p-1")))
}

#[test]
fn a_launch_that_does_not_say_where_from_asks_nobody() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    let base = ehr.base();
    for (path, problem) in [
        ("launch".to_owned(), LaunchProblem::MissingParameters),
        (
            format!("launch?iss={base}"),
            LaunchProblem::MissingParameters,
        ),
        (
            "launch?launch=1".to_owned(),
            LaunchProblem::MissingParameters,
        ),
        (
            "launch?iss=&launch=1".to_owned(),
            LaunchProblem::MissingParameters,
        ),
        (
            format!("launch?iss={base}&launch="),
            LaunchProblem::MissingParameters,
        ),
        (
            format!("launch?iss={base}&launch={}", "x".repeat(5_000)),
            LaunchProblem::MissingParameters,
        ),
        (
            "launch?iss=https%3A%2F%2Fother.example.org%2Ffhir&launch=1".to_owned(),
            LaunchProblem::UnknownIssuer,
        ),
        (
            format!("launch?iss={base}.evil.example&launch=1"),
            LaunchProblem::UnknownIssuer,
        ),
        (
            format!("launch?iss={base}/..&launch=1"),
            LaunchProblem::UnknownIssuer,
        ),
        (
            format!("launch?iss={base}%00&launch=1"),
            LaunchProblem::UnknownIssuer,
        ),
        (
            format!("launch?iss=//{}&launch=1", &base[7..]),
            LaunchProblem::UnknownIssuer,
        ),
        (
            "launch?iss=http%3A%2F%2F169.254.169.254%2F&launch=1".to_owned(),
            LaunchProblem::UnknownIssuer,
        ),
        (
            "launch?iss=%3Cscript%3Ezqx&launch=1".to_owned(),
            LaunchProblem::UnknownIssuer,
        ),
        (
            "start?iss=https%3A%2F%2Fother.example.org".to_owned(),
            LaunchProblem::UnknownIssuer,
        ),
        ("callback".to_owned(), LaunchProblem::ForgedState),
        ("callback?code=zqx".to_owned(), LaunchProblem::ForgedState),
        (
            "callback?error=access_denied".to_owned(),
            LaunchProblem::ForgedState,
        ),
        ("authorize".to_owned(), LaunchProblem::ForgedState),
        ("assessments/zqx".to_owned(), LaunchProblem::Ended),
        (
            format!("assessments/{}", "0".repeat(32)),
            LaunchProblem::Ended,
        ),
    ] {
        let mut browser = site.browser();
        let page = browser.go(&format!("{EXTERNAL_URL}/smart/{path}"));
        assert_problem(&page, problem);
        assert!(browser.cookies.is_empty(), "{path}");
    }
    assert_eq!(ehr.asked().len(), 0);
}

#[test]
fn without_an_app_there_is_nothing_to_launch() {
    let server = Server::serve(settings());
    let page = Browser::new(&server).go(&launch_url("https://ehr.example.org/fhir", "1"));
    assert_problem(&page, LaunchProblem::UnknownIssuer);
}

#[test]
fn other_methods_are_told_the_right_one() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    let mut browser = site.browser();
    let page = launched(&site, &ehr);
    let end = format!("{}/end", page.url);
    for (method, url, allow) in [
        ("GET", end.as_str(), "POST"),
        ("POST", page.url.as_str(), "GET"),
        ("POST", &format!("{EXTERNAL_URL}/smart/launch"), "GET"),
        ("POST", &format!("{EXTERNAL_URL}/smart/callback"), "GET"),
    ] {
        let answer = browser.step(method, url);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allow)),
            "{method} {url}"
        );
    }
}

#[test]
fn what_the_authorization_server_refuses_is_told() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    for (error, problem) in [
        ("access_denied", LaunchProblem::Denied),
        ("invalid_scope", LaunchProblem::AuthorizationFailed),
        (
            "temporarily_unavailable",
            LaunchProblem::AuthorizationFailed,
        ),
        ("%3Cscript%3Ezqx", LaunchProblem::AuthorizationFailed),
    ] {
        let mut browser = site.browser();
        let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
        let back = browser.go_until(&url, CALLBACK);
        let (_, state) = back.split_once("state=").unwrap();
        let page = browser.go(&format!(
            "{CALLBACK}?error={error}&error_description=zqx&state={state}"
        ));
        assert_problem(&page, problem);
        // The state is used up: nothing of this launch opens anything.
        assert_problem(&browser.go(&back), LaunchProblem::UsedState);
    }
    let mut browser = site.browser();
    let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
    let back = browser.go_until(&url, CALLBACK);
    let (_, state) = back.split_once("state=").unwrap();
    let page = browser.go(&format!("{CALLBACK}?state={state}"));
    assert_problem(&page, LaunchProblem::AuthorizationFailed);
}

#[test]
fn a_state_counts_once_in_its_time_as_it_was_made() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    let back = |browser: &mut Browser| {
        let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
        browser.go_until(&url, CALLBACK)
    };
    // Used: the page tells, and leads to the assessment that is still there.
    let mut browser = site.browser();
    let address = back(&mut browser);
    let page = browser.go(&address);
    assert_eq!(page.status, 200);
    let again = browser.go(&address);
    assert_problem(&again, LaunchProblem::UsedState);
    let (link, is_new_tab) = again.offer().unwrap();
    assert_eq!((link.as_str(), is_new_tab), (page.url.as_str(), false));
    assert_eq!(browser.go(&link).status, 200);

    // Late.
    let mut browser = site.browser();
    let address = back(&mut browser);
    let asked = ehr.asked().len();
    site.turn_clock(600);
    assert_problem(&browser.go(&address), LaunchProblem::ExpiredState);
    // Long before the first authorization too, whose page is left open.
    let mut browser = site.browser();
    let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
    let left_open = browser.go_until(&url, &format!("{EXTERNAL_URL}/smart/authorize"));
    site.turn_clock(601);
    assert_problem(&browser.go(&left_open), LaunchProblem::ExpiredState);

    // Changed, or of another browser.
    let mut browser = site.browser();
    let address = back(&mut browser);
    let (head, state) = address.split_once("state=").unwrap();
    let asked_of_others = ehr.asked().len();
    for position in [0, 20, 33, 40, 44, state.len() - 1] {
        let mut changed = state.to_owned().into_bytes();
        changed[position] = if changed[position] == b'1' {
            b'2'
        } else {
            b'1'
        };
        let changed = String::from_utf8(changed).unwrap();
        let page = browser.go(&format!("{head}state={changed}"));
        let is_other_launch = (16..32).contains(&position);
        let problem = match is_other_launch {
            true => LaunchProblem::NoCookie,
            false => LaunchProblem::ForgedState,
        };
        assert_problem(&page, problem);
    }
    let mut other = site.browser();
    let others = back(&mut other);
    let (_, of_other) = others.split_once("state=").unwrap();
    assert_problem(
        &browser.go(&format!("{head}state={of_other}")),
        LaunchProblem::NoCookie,
    );
    let tokens = |from: usize| {
        let asked = ehr.asked().split_off(from);
        asked
            .into_iter()
            .filter(|request| request.target == "/token")
            .count()
    };
    assert_eq!(
        (tokens(asked), tokens(asked_of_others)),
        (0, 0),
        "no code was exchanged"
    );
    assert_eq!(
        browser.go(&address).status,
        200,
        "the right one still counts"
    );
}

#[test]
fn an_answer_of_another_authorization_server_is_refused() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    let own = format!("{}/as", ehr.base().trim_end_matches("/fhir"));
    for (iss, is_good) in [("https://other.example.org", false), (own.as_str(), true)] {
        let mut browser = site.browser();
        let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
        let back = browser.go_until(&url, CALLBACK);
        let asked = ehr.asked().len();
        let page = browser.go(&format!("{back}&iss={iss}"));
        if is_good {
            assert_eq!(page.status, 200, "{}", page.body);
        } else {
            assert_problem(&page, LaunchProblem::WrongIssuer);
            assert_eq!(ehr.asked().len(), asked, "the code was not sent");
        }
    }
}

#[test]
fn a_browser_that_refuses_the_cookie_is_offered_a_new_tab_and_no_circle() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    let launch = ehr.launch("p-1");
    for url in [launch_url(&ehr.base(), &launch), start_url(&ehr.base())] {
        let mut framed = site.browser();
        framed.refuses_cookies = true;
        let page = framed.go(&url);
        assert_problem(&page, LaunchProblem::NoCookie);
        // Nothing of the launch was used: the EHR was not even asked.
        assert_eq!(ehr.asked().len(), 0);
        let (link, is_new_tab) = page.offer().unwrap();
        assert!(is_new_tab, "{}", page.body);
        assert_eq!(link, url);
    }
    // In the new tab it works.
    let page = site.browser().go(&launch_url(&ehr.base(), &launch));
    assert_eq!(page.status, 200, "{}", page.body);

    // A browser that loses the cookie on the way, or opens the page elsewhere, begins again.
    let mut browser = site.browser();
    let back = browser.go_until(&launch_url(&ehr.base(), &ehr.launch("p-1")), CALLBACK);
    browser.cookies.clear();
    for url in [&back, &page.url] {
        let lost = browser.go(url);
        assert_problem(&lost, LaunchProblem::NoCookie);
        let (link, is_new_tab) = lost.offer().unwrap();
        assert_eq!((link, is_new_tab), (start_url(&ehr.base()), true));
    }
}

fn html() -> Reply {
    Reply::text("text/html", "<html>zqx sign in</html>")
}

fn document(authorization: &str, token: &str) -> Reply {
    let document = json!({ "authorization_endpoint": authorization, "token_endpoint": token });
    Reply::text("application/json", document.to_string())
}

/// A launch during which the EHR answers otherwise wherever the path begins with this.
fn with_twist(
    path: &'static str,
    reply: impl Fn(&Received) -> Reply + Send + Sync + 'static,
    problem: LaunchProblem,
) -> Ehr {
    let ehr = ehr();
    ehr.twists(move |request| request.target.starts_with(path).then(|| reply(request)));
    let site = Site::of(&ehr);
    assert_problem(&launched(&site, &ehr), problem);
    ehr.behaves();
    // And nothing of it lasts.
    assert_eq!(launched(&site, &ehr).status, 200);
    ehr
}

#[test]
fn a_discovery_that_is_none_is_told() {
    use LaunchProblem::{DiscoveryFailed, ForeignEndpoint};
    const WELL_KNOWN: &str = "/fhir/.well-known/";
    for reply in [
        Reply::status(404),
        Reply::status(500),
        html(),
        Reply::Reset,
        Reply::text("application/json", "{}"),
        Reply::text("application/json", vec![b' '; 300 << 10]),
        redirect("http://127.0.0.1:1/"),
    ] {
        with_twist(WELL_KNOWN, move |_| reply.clone(), DiscoveryFailed);
    }
    for (authorization, token) in [
        ("https://evil.example/a", "https://evil.example/t"),
        ("http://127.0.0.1:1/a", "http://127.0.0.1:1/t"),
        ("http://169.254.169.254/a", "http://169.254.169.254/t"),
    ] {
        let ehr = with_twist(
            WELL_KNOWN,
            move |_| document(authorization, token),
            ForeignEndpoint,
        );
        let tokens = ehr
            .asked()
            .into_iter()
            .filter(|request| request.target == "/token");
        assert_eq!(tokens.count(), 1, "of the launch that succeeded");
    }
}

#[test]
fn an_origin_that_is_configured_may_hold_the_authorization_server() {
    let ehr = ehr();
    let elsewhere = Ehr::start(Proof::Secret, &[chart_of("p-1", "other")]);
    let root = elsewhere.base().trim_end_matches("/fhir").to_owned();
    let (authorization, token) = (format!("{root}/authorize"), format!("{root}/token"));
    ehr.twists(move |request| {
        let is_discovery = request.target.starts_with("/fhir/.well-known/");
        is_discovery.then(|| document(&authorization, &token))
    });
    let smart = format!("authorization_origins = [\"{root}\"]\n");
    for (smart, is_allowed) in [(smart.as_str(), true), ("", false)] {
        let site = Registered {
            smart,
            ..Registered::at(&ehr)
        }
        .serve();
        let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
        if is_allowed {
            site.browser().go_until(&url, &format!("{root}/authorize"));
        } else {
            assert_problem(&site.browser().go(&url), LaunchProblem::ForeignEndpoint);
        }
    }
}

#[test]
fn a_token_endpoint_that_gives_no_token_is_told() {
    use LaunchProblem::TokenFailed;
    let error = |status: u16, body: &str| Reply::Answer {
        status,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: body.as_bytes().to_vec(),
    };
    for reply in [
        Reply::Reset,
        html(),
        error(500, ""),
        error(500, "zqx"),
        error(
            400,
            "{\"error\":\"invalid_grant\",\"error_description\":\"zqx\"}",
        ),
        error(401, "{\"error\":\"zqx\"}"),
        error(200, ""),
        error(200, "{\"access_token\":\"zqx\"}"),
        error(
            200,
            "{\"access_token\":\"zqx\",\"token_type\":\"mac\",\"patient\":\"p-1\"}",
        ),
        error(200, &format!("{{\"x\":\"{}\"}}", "z".repeat(300 << 10))),
        redirect("http://127.0.0.1:1/"),
    ] {
        with_twist("/token", move |_| reply.clone(), TokenFailed);
    }
}

#[test]
fn a_token_endpoint_that_never_answers_is_given_up() {
    with_twist("/token", |_| Reply::Never, LaunchProblem::TokenSlow);
}

#[test]
fn a_token_without_patient_or_rights_reads_nothing() {
    let ehr = ehr();
    let site = Site::of(&ehr);
    for (members, problem) in [
        (json!({ "patient": null }), LaunchProblem::NoPatient),
        (json!({ "patient": "" }), LaunchProblem::NoPatient),
        (
            json!({ "patient": "../Patient/p-1" }),
            LaunchProblem::NoPatient,
        ),
        (json!({ "patient": ["p-1"] }), LaunchProblem::NoPatient),
        (
            json!({ "scope": "launch patient/Patient.rs" }),
            LaunchProblem::ScopeTooSmall,
        ),
        (
            json!({ "scope": "launch patient/Patient.rs patient/Condition.rs?code=x" }),
            LaunchProblem::ScopeTooSmall,
        ),
    ] {
        ehr.answers_token_with(members.clone());
        assert_problem(&launched(&site, &ehr), problem);
        assert_eq!(ehr.read(), [""; 0], "{members}");
    }
}

#[test]
fn a_patient_that_cannot_be_read_is_told_and_never_another_shown() {
    use LaunchProblem::*;
    let other = Reply::json(&json!({ "resourceType": "Patient", "id": "zqx-other" }));
    let page = |next: &str| Reply::json(&crate::misbehaving::searchset(&[], Some(next)));
    for (path, reply, problem) in [
        ("/fhir/Patient/", Reply::status(401), NotAllowed),
        ("/fhir/Patient/", Reply::status(403), NotAllowed),
        ("/fhir/Patient/", Reply::status(404), PatientNotFound),
        ("/fhir/Patient/", Reply::status(410), PatientNotFound),
        ("/fhir/Patient/", Reply::status(500), RecordUnreadable),
        ("/fhir/Patient/", Reply::Reset, RecordUnreadable),
        ("/fhir/Patient/", html(), RecordUnreadable),
        ("/fhir/Patient/", other, RecordUnusable),
        (
            "/fhir/Patient/",
            Reply::json(&json!({ "resourceType": "Person", "id": "p-1" })),
            RecordUnusable,
        ),
        ("/fhir/Condition", Reply::status(403), NotAllowed),
        ("/fhir/Condition", Reply::status(404), RecordUnreadable),
        ("/fhir/Condition", Reply::status(500), RecordUnreadable),
        (
            "/fhir/Condition",
            page("https://evil.example/next"),
            RecordUnreadable,
        ),
    ] {
        with_twist(path, move |_| reply.clone(), problem);
    }
}

#[test]
fn a_release_that_is_not_read_is_told() {
    let ehr = ehr();
    ehr.twists(|request| {
        let stu3 = json!({ "resourceType": "CapabilityStatement", "fhirVersion": "3.0.2" });
        (request.target == "/fhir/metadata").then(|| Reply::json(&stu3))
    });
    let site = Registered {
        // The other reader of the same server is not what this is about.
        client: "fetch = \"off\"\n",
        ..Registered::at(&ehr)
    }
    .serve();
    crate::operations::process::eventually("the release is known", || {
        launched(&site, &ehr).status == 422
    });
    assert_problem(&launched(&site, &ehr), LaunchProblem::UnsupportedRelease);
}

#[test]
fn in_shadow_mode_nothing_is_shown() {
    let ehr = ehr();
    let site = Registered {
        client: "mode = \"shadow\"\n",
        ..Registered::at(&ehr)
    }
    .serve();
    assert_problem(&launched(&site, &ehr), LaunchProblem::Shadow);
    assert_eq!(ehr.asked().len(), 0);
}

#[test]
fn launches_have_places_of_their_own() {
    let ehr = ehr();
    ehr.twists(|request| {
        request
            .target
            .starts_with("/fhir/.well-known")
            .then_some(Reply::Never)
    });
    let site = Site::of(&ehr);
    let authorize = format!("{EXTERNAL_URL}/smart/authorize");
    let url = launch_url(&ehr.base(), &ehr.launch("p-1"));
    std::thread::scope(|scope| {
        for _ in 0..32 {
            let mut browser = site.browser();
            let next = browser.go_until(&url, &authorize);
            scope.spawn(move || browser.go(&next));
        }
        crate::operations::process::eventually("all places are taken", || ehr.asked().len() == 32);
        let refused = site.browser().go(&url);
        assert_problem(&refused, LaunchProblem::Overloaded);
        // Hook calls are answered all the same.
        site.call(VIEW, &chart_of("p-1", "x").call());
    });
    ehr.behaves();
    assert_eq!(site.browser().go(&url).status, 200);
}
