//! Our service in this process, reading from one FHIR server with pages of five.

use rrdtc::config::Settings;
use rrdtc::server::{Application, Clock, Startup};
use serde_json::{Value, json};

const SERVICE: &str = "/cds-services/rr-dtc-patient-view";

/// The service.
pub struct Service {
    pub url: String,
}

impl Service {
    pub fn reading(base: &str) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let services = folder.join("services");
        std::fs::create_dir(&services).unwrap();
        let text = std::fs::read_to_string("cds-hooks/services/rr-dtc-patient-view.json").unwrap();
        let mut service: Value = serde_json::from_str(&text).unwrap();
        for template in service["prefetch"].as_object_mut().unwrap().values_mut() {
            let query = template.as_str().unwrap();
            if query.contains('?') {
                *template = json!(format!("{query}&_count=5"));
            }
        }
        let file = services.join("rr-dtc-patient-view.json");
        std::fs::write(file, service.to_string()).unwrap();
        let text = format!(
            "listen = \"127.0.0.1:0\"\nexternal_url = \"https://cds.example.test\"\ndeadline_ms = 60000\nservices_folder = \"{}\"\n[metrics]\nlisten = \"\"\n[suggestions]\ndraft_pet = true\nrecord_assessment = true\n[[clients]]\nname = \"interop\"\nissuer = \"https://ehr.example.test\"\njwks = '{}'\nfhir_bases = [\"{base}\"]\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\nanonymous_fhir = true\n",
            services.display(),
            json!({ "keys": [KEY.jwk()] }),
        );
        let file = folder.join("rrdtc.toml");
        std::fs::write(&file, text).unwrap();
        Self::start(Settings::of_file(&file).unwrap())
    }

    /// A service that asks nobody for a token and keeps feedback.
    pub fn open() -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("rrdtc.toml");
        let text = format!(
            "listen = \"127.0.0.1:0\"\nstore_url = \"sqlite://{}\"\n[metrics]\nlisten = \"\"\n",
            folder.join("store.db").display()
        );
        std::fs::write(&file, text).unwrap();
        Self::start(Settings::of_file(&file).unwrap())
    }

    fn start(settings: Settings) -> Self {
        let clock = Clock::Fixed(rrdtc::config::FIXTURES_AS_OF.parse().unwrap());
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let application = Application::build(Startup::new(settings, clock))
                    .await
                    .unwrap();
                let url = format!("http://{}", application.address);
                sender.send(url).unwrap();
                application.run().await.unwrap();
            });
        });
        Self {
            url: receiver.recv().unwrap(),
        }
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let token = KEY.token(&format!("https://cds.example.test{path}"));
        let mut response = agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {token}"))
            .send(body.to_string())
            .unwrap();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string().unwrap();
        (status, serde_json::from_str(&body).unwrap())
    }

    /// The answer for a patient whose resources are given, or are to be read from this server.
    pub fn call(&self, id: &str, given: Option<&[Value]>, base: Option<&str>) -> Value {
        let mut call = json!({
            "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": { "userId": "Practitioner/interop", "patientId": id },
        });
        if let Some(base) = base {
            call["fhirServer"] = json!(base);
        }
        if let Some(resources) = given {
            call["prefetch"] = prefetch(resources);
        }
        let (status, answer) = self.post(SERVICE, &call);
        assert_eq!(status, 200, "{id}: {answer}");
        answer
    }

    /// One error of each kind.
    pub fn errors(&self) -> Vec<Value> {
        let call = json!({
            "hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": { "userId": "Practitioner/interop", "patientId": "p" },
        });
        let mut wrong = call.clone();
        wrong["hook"] = json!("order-sign");
        let errors = [
            (400, self.post(SERVICE, &wrong)),
            (404, self.post("/cds-services/none", &call)),
            (412, self.post(SERVICE, &call)),
        ];
        let check = |(expected, (status, body))| {
            assert_eq!(status, expected, "{body}");
            body
        };
        errors.into_iter().map(check).collect()
    }
}

fn prefetch(resources: &[Value]) -> Value {
    let bundle = |name: &str| {
        let of_type = resources.iter().filter(|r| r["resourceType"] == name);
        let entries: Vec<Value> = of_type.map(|r| json!({ "resource": r })).collect();
        json!({ "resourceType": "Bundle", "type": "searchset", "entry": entries })
    };
    let patient = resources.iter().find(|r| r["resourceType"] == "Patient");
    json!({
        "patient": patient,
        "conditions": bundle("Condition"),
        "observations": bundle("Observation"),
        "procedures": bundle("Procedure"),
        "medicationAdministrations": bundle("MedicationAdministration"),
        "diagnosticReports": bundle("DiagnosticReport"),
    })
}

static KEY: std::sync::LazyLock<crate::token::Signer> = std::sync::LazyLock::new(|| {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    crate::token::Signer::elliptic("https://ehr.example.test", "interop", &pair.serialize_pem())
});
