//! The service under test: one that is named, or our own, started here.

use crate::fhir_server::FhirServer;
use crate::token::Signer;
use rrdtc::config::Settings;
use rrdtc::server::{Application, Clock, Startup};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::LazyLock;

/// The service under test.
pub static TARGET: LazyLock<Target> = LazyLock::new(Target::find);

/// A service, and what the suite may do with it.
pub struct Target {
    /// Where it is, without `/cds-services`.
    pub base: String,
    /// What tokens name instead.
    pub audience_base: String,
    pub signer: Option<Signer>,
    /// A second client of the service, whose key has another algorithm.
    pub rsa_signer: Option<Signer>,
    pub fhir: Option<FhirServer>,
    pub origin: Option<String>,
    /// Hook calls that are answered with 200.
    pub calls: Vec<Value>,
    /// It is our own, with everything switched on: nothing may be skipped.
    pub is_ours: bool,
}

/// An answer over HTTP.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{} {error}: {}", self.status, self.body))
    }
}

/// Takes what a rule needs of the target, or says that the rule was not tried.
#[macro_export]
macro_rules! needs {
    ($what:expr, $how:literal) => {
        match $what {
            Some(found) => found,
            None => {
                assert!(!$crate::target::TARGET.is_ours, "ours has everything");
                println!("SKIPPED: {}", $how);
                return;
            }
        }
    };
}

const ISSUER: &str = "https://ehr.example.test";
const EXTERNAL: &str = "https://cds.example.test";
const ORIGIN: &str = "https://sandbox.example.test";

impl Target {
    fn find() -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(base) = variable("RRDTC_BASE") else {
            return Self::ours();
        };
        let base = base.trim_end_matches('/').to_owned();
        let signer = variable("RRDTC_KEY_FILE").map(|file| {
            let pem = std::fs::read_to_string(file).expect("RRDTC_KEY_FILE");
            let issuer = variable("RRDTC_ISSUER").expect("RRDTC_ISSUER goes with RRDTC_KEY_FILE");
            Signer::elliptic(&issuer, "conformance", &pem)
        });
        let fhir =
            variable("RRDTC_FHIR_PORT").map(|port| FhirServer::listen(port.parse().unwrap()));
        let calls = variable("RRDTC_CALLS").unwrap_or("fixtures/requests".into());
        Self {
            audience_base: variable("RRDTC_AUDIENCE_BASE").unwrap_or(base.clone()),
            base,
            signer,
            rsa_signer: None,
            fhir,
            origin: variable("RRDTC_ORIGIN"),
            calls: calls_of(Path::new(&calls)),
            is_ours: false,
        }
    }

    fn ours() -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let signer = Signer::elliptic(ISSUER, "conformance", &pair.serialize_pem());
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA384).unwrap();
        let rsa_signer = Signer::rsa("https://other.example.test", "rsa", &pair.serialize_pem());
        let fhir = FhirServer::listen(0);
        let folder = tempfile::tempdir().unwrap().keep();
        let file = folder.join("rrdtc.toml");
        let client = |name: &str, signer: &Signer| {
            format!(
                "[[clients]]\nname = \"{name}\"\nissuer = \"{}\"\njwks = '{}'\nfhir_bases = [\"{}\"]\nallow_http = true\nallow_private_networks = [\"127.0.0.0/8\"]\n",
                signer.issuer,
                json!({ "keys": [signer.jwk()] }),
                fhir.base,
            )
        };
        let text = format!(
            "listen = \"127.0.0.1:0\"\nexternal_url = \"{EXTERNAL}\"\nstore_url = \"sqlite:{}\"\n[metrics]\nlisten = \"\"\n[cors]\norigins = [\"{ORIGIN}\"]\n[suggestions]\ndraft_pet = true\nrecord_assessment = true\n{}[clients.smart]\nissuers = [\"https://ehr.example.test/fhir\"]\nclient_id = \"rrdtc\"\n{}",
            folder.join("rrdtc.db").display(),
            client("conformance", &signer),
            client("other", &rsa_signer),
        );
        std::fs::write(&file, text).unwrap();
        Self {
            base: start(&file),
            audience_base: EXTERNAL.into(),
            signer: Some(signer),
            rsa_signer: Some(rsa_signer),
            fhir: Some(fhir),
            origin: Some(ORIGIN.into()),
            calls: calls_of(Path::new("fixtures/requests")),
            is_ours: true,
        }
    }

    /// Sends a request as it is; a path is one below the base.
    pub fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build()
            .into();
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = match body {
            Some(body) => agent.run(request.body(body.to_vec()).unwrap()).unwrap(),
            None => agent.run(request.body(()).unwrap()).unwrap(),
        };
        Answer {
            status: response.status().as_u16(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| {
                    let value = value.to_str().unwrap_or_default();
                    (name.as_str().to_owned(), value.to_owned())
                })
                .collect(),
            body: response.body_mut().read_to_string().unwrap(),
        }
    }

    /// A fresh token for a path, where the target knows us.
    pub fn bearer(&self, path: &str) -> Option<String> {
        let signer = self.signer.as_ref()?;
        Some(format!("Bearer {}", signer.token(&self.url(path))))
    }

    /// The URL of a path, as tokens name it.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.audience_base)
    }

    /// Sends a request with a fresh token.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = self.bearer(path);
        let mut headers = vec![("accept", "application/json")];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        if let Some(bearer) = &bearer {
            headers.push(("authorization", bearer));
        }
        let body = body.map(Value::to_string);
        self.raw(method, path, &headers, body.as_deref().map(str::as_bytes))
    }

    /// With a token that the test made.
    pub fn send_as(&self, token: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let body = body.map(Value::to_string);
        self.raw(method, path, &headers, body.as_deref().map(str::as_bytes))
    }

    pub fn discovery(&self) -> Value {
        self.send("GET", "/cds-services", None).json()
    }

    pub fn services(&self) -> Vec<Value> {
        let discovery = self.discovery();
        let services = discovery["services"].as_array();
        services.expect("services is an array").clone()
    }

    /// Path of the service that advertises the hook of a call.
    pub fn path_of(&self, call: &Value) -> String {
        let services = self.services();
        let service = services
            .iter()
            .find(|service| service["hook"] == call["hook"])
            .unwrap_or_else(|| panic!("no service for {}", call["hook"]));
        format!("/cds-services/{}", service["id"].as_str().unwrap())
    }

    /// Posts a call to the service of its hook.
    pub fn call(&self, call: &Value) -> Answer {
        self.send("POST", &self.path_of(call), Some(call))
    }
}

/// Runs our own service in a thread that ends with the tests.
pub fn start(file: &Path) -> String {
    let settings = Settings::of_file(file).unwrap();
    let clock = Clock::Fixed(rrdtc::config::FIXTURES_AS_OF.parse().unwrap());
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let application = Application::build(Startup::new(settings, clock))
                .await
                .unwrap();
            sender
                .send(format!("http://{}", application.address))
                .unwrap();
            application.run().await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

fn calls_of(folder: &Path) -> Vec<Value> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            // Fixtures carry the status that they are answered with.
            let status = name.trim_end_matches(".json").rsplit('.').next();
            let is_number = status.is_some_and(|s| s.len() == 3 && s.parse::<u16>().is_ok());
            name.ends_with(".json") && (!is_number || status == Some("200"))
        })
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}
