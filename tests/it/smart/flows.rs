//! Launches that succeed: from the EHR and standalone, by every kind of client, in both grammars of scopes.

use super::*;

const V1: &str = "scopes = [\"patient/*.read\"]\n";

#[test]
fn the_page_shows_the_result_of_the_card() {
    let chart = positive_chart_of("p-1", "Ann Doe");
    for (proof, smart) in [
        (Proof::Public, ""),
        (Proof::Secret, ""),
        (Proof::key(), ""),
        (Proof::Public, V1),
        (Proof::key(), V1),
    ] {
        let ehr = Ehr::start(proof, std::slice::from_ref(&chart));
        let site = Registered {
            smart,
            ..Registered::at(&ehr)
        }
        .serve();
        let answer = site.call(VIEW, &chart.call());
        let links = answer["cards"][0]["links"].as_array().unwrap();
        let link = links.iter().find(|link| link["type"] == "smart").unwrap();
        assert_eq!(link["url"], format!("{EXTERNAL_URL}/smart/launch"));
        assert!(!link["label"].as_str().unwrap().is_empty());
        let assessment = &answer["extension"]["org.rrdtc.assessment"];
        let shown = assessment["resultId"].as_str().unwrap();
        let app_context: Value =
            serde_json::from_str(link["appContext"].as_str().unwrap()).unwrap();
        assert_eq!(app_context, json!({ "resultId": shown }));

        let launch = ehr.launch_with("p-1", link["appContext"].clone());
        let mut browser = site.browser();
        let page = browser.go(&launch_url(&ehr.base(), &launch));
        assert_assessment(&page, "Ann Doe", shown);
        assert!(!page.body.contains("has changed"), "{}", page.body);
        assert!(
            page.url
                .starts_with(&format!("{EXTERNAL_URL}/smart/assessments/"))
        );
        assert_eq!(browser.go(&page.url.clone()).status, 200, "a reload");

        // The token is in the FHIR requests and nowhere that the browser was.
        let read = ehr.read();
        assert_eq!(read.len(), 6, "{read:?}");
        for place in &browser.visited {
            assert!(!place.contains(ehr::TOKEN), "{place}");
        }
        assert!(!page.body.contains(ehr::TOKEN));
    }
}

#[test]
fn a_launch_without_ehr_lets_the_user_choose_the_patient() {
    let chart = chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
    let site = Site::of(&ehr);
    for url in [
        start_url(&ehr.base()),
        format!("{EXTERNAL_URL}/smart/start"),
    ] {
        let page = site.browser().go(&url);
        assert_assessment(&page, "Ann Doe", &result_id(&chart));
        assert!(!page.body.contains("has changed"));
    }
    // With a slash more than is configured it is the same issuer.
    let slash = launch_url(&format!("{}/", ehr.base()), &ehr.launch("p-1"));
    assert_assessment(&site.browser().go(&slash), "Ann Doe", &result_id(&chart));
}

#[test]
fn a_record_that_changed_since_the_card_is_told() {
    let before = chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&before));
    let site = Site::of(&ehr);
    let after = positive_chart_of("p-1", "Ann Doe");
    ehr.chart(after.clone());
    let of_card = |chart: &Chart| json!(json!({ "resultId": result_id(chart) }).to_string());
    for (app_context, is_told) in [
        (of_card(&after), false),
        (of_card(&before), true),
        (json!("not ours"), true),
        (json!("{\"resultId\":\"<script>alert(1)</script>\"}"), true),
        (Value::Null, false),
    ] {
        let launch = ehr.launch_with("p-1", app_context.clone());
        let page = site.browser().go(&launch_url(&ehr.base(), &launch));
        assert_assessment(&page, "Ann Doe", &result_id(&after));
        assert_eq!(page.body.contains("has changed"), is_told, "{app_context}");
        assert!(!page.body.contains("<script>"));
    }
}

#[test]
fn what_is_not_granted_whole_is_not_asked_for_and_not_taken_for_absent() {
    let chart = chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
    let site = Site::of(&ehr);
    let rest =
        "patient/Procedure.rs patient/MedicationAdministration.rs patient/DiagnosticReport.rs";
    for observations in [
        "",
        "patient/Observation.rs?category=laboratory",
        "patient/Observation.r",
    ] {
        ehr.grants(&format!(
            "launch patient/Patient.rs patient/Condition.rs {observations} {rest}"
        ));
        let before = ehr.read().len();
        let page = site
            .browser()
            .go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
        let read = ehr.read().split_off(before);
        assert!(
            !read.iter().any(|target| target.contains("Observation")),
            "{read:?}"
        );
        assert_eq!(page.status, 200, "{}", page.body);
        assert_eq!(state_on(&page, "fdgUptake"), "unknown");
        assert_eq!(state_on(&page, "ageAtDiagnosis"), "present");
    }
}

#[test]
fn a_card_of_every_hook_links_to_the_app_and_of_a_client_without_app_none() {
    let chart = positive_chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
    let site = Site::of(&ehr);
    let types = |answer: &Value| -> Vec<String> {
        let links = answer["cards"][0]["links"].as_array().unwrap();
        links
            .iter()
            .map(|link| link["type"].as_str().unwrap().to_owned())
            .collect()
    };
    let draft = json!({
        "resourceType": "ServiceRequest", "id": "draft", "status": "draft", "intent": "order",
        "subject": { "reference": "Patient/p-1" },
        "code": { "coding": [{ "system": SNOMED, "code": "228698009" }] },
    });
    for (hook, service) in [
        ("order-sign", "rr-dtc-order-sign"),
        ("order-select", "rr-dtc-order-select"),
    ] {
        let mut call = chart.call();
        call["hook"] = json!(hook);
        let entry = json!([{ "resource": draft }]);
        call["context"]["draftOrders"] =
            json!({ "resourceType": "Bundle", "type": "collection", "entry": entry });
        if hook == "order-select" {
            call["context"]["selections"] = json!(["ServiceRequest/draft"]);
        }
        assert!(
            types(&site.call(service, &call)).contains(&"smart".to_owned()),
            "{hook}"
        );
    }
    assert!(types(&site.call(VIEW, &chart.call())).contains(&"smart".to_owned()));
    assert!(!types(&chart.answer()).contains(&"smart".to_owned()));
}

#[test]
fn a_tenant_answers_the_launches_of_its_own_issuer() {
    // The second hospital's own setting makes silence about recurrence count as absent.
    let chart = chart_of("p-1", "Ann Doe").without("ned");
    let ehrs = [(); 2].map(|()| Ehr::start(Proof::Public, std::slice::from_ref(&chart)));
    let [north, south] = [ehrs[0].base(), ehrs[1].base()];
    let tenants = format!(
        "[[clients.tenants]]\nid = \"north\"\nsmart_issuers = [\"{north}\"]\n\
         [[clients.tenants]]\nid = \"south\"\nsmart_issuers = [\"{south}\"]\nundocumented_recurrence = \"absent\"\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let text = Registered {
        smart: &tenants,
        ..Registered::at(&ehrs[0])
    }
    .text(&folder)
    .replace(
        &format!("issuers = [\"{north}\"]\nclient_id"),
        &format!("issuers = [\"{north}\", \"{south}\"]\nclient_id"),
    );
    let file = folder.path().join("rrdtc.toml");
    std::fs::write(&file, text).unwrap();
    let server = Server::serve(Settings::load(Some(&file)).unwrap());
    for (ehr, expected) in ehrs.iter().zip(["unknown", "absent"]) {
        let launch = ehr.launch("p-1");
        let page = Browser::new(&server).go(&launch_url(&ehr.base(), &launch));
        assert_eq!(state_on(&page, "recurrence"), expected);
    }
}

#[test]
fn a_server_without_clients_can_be_given_an_app() {
    use rrdtc::server::OpenSmartClient;
    let chart = chart_of("p-1", "Ann Doe");
    let ehr = Ehr::start(Proof::Public, std::slice::from_ref(&chart));
    let app = |issuer: &str| OpenSmartClient {
        client_id: CLIENT_ID.to_owned(),
        issuers: vec![issuer.parse().unwrap()],
        frame_ancestors: Vec::new(),
    };
    let startup = move |issuer: &str| {
        let mut settings = settings();
        settings.external_url = Some(EXTERNAL_URL.to_owned());
        Startup {
            smart: Some(app(issuer)),
            ..Startup::new(settings, clock())
        }
    };
    let base = ehr.base();
    let server = Server::run(async move || Application::build(startup(&base)).await);
    let page = Browser::new(&server).go(&launch_url(&ehr.base(), &ehr.launch("p-1")));
    assert_assessment(&page, "Ann Doe", &result_id(&chart));

    let refused = actix_web::rt::System::new()
        .block_on(Application::build(startup("http://ehr.example.org/fhir")))
        .err()
        .expect("plain http elsewhere than on loopback");
    assert!(refused.to_string().contains("loopback"), "{refused}");
}
