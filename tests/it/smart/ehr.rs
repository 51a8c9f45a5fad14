//! An EHR: authorization server and FHIR server in one. It is strict about what an app sends, and misbehaves where it is told to.

use super::{CLIENT_ID, Chart, EXTERNAL_URL, SECRET};
use crate::auth::forge::base64url;
use crate::misbehaving::{Misbehaving, Received, Reply, searchset};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

pub const TOKEN: &str = "zqx-access-token";
const KID: &str = "smart-1";

/// How the app proves that it is ours.
pub enum Proof {
    Public,
    Secret,
    Key(Box<rcgen::KeyPair>),
}

impl Proof {
    pub fn key() -> Self {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        Self::Key(Box::new(key))
    }

    /// The lines of the configuration; their files are written into the folder.
    pub fn lines(&self, folder: &Path) -> String {
        match self {
            Self::Public => String::new(),
            Self::Secret => {
                let file = folder.join("smart.secret");
                std::fs::write(&file, format!("{SECRET}\n")).unwrap();
                format!("client_secret_file = \"{}\"\n", file.display())
            }
            Self::Key(pair) => {
                let file = folder.join("smart.pem");
                std::fs::write(&file, pair.serialize_pem()).unwrap();
                format!("key_file = \"{}\"\nkid = \"{KID}\"\n", file.display())
            }
        }
    }
}

/// What the EHR answers in place of what it should, by path; none: as it should.
pub type Twist = Box<dyn Fn(&Received) -> Option<Reply> + Send + Sync>;

pub struct Ehr {
    pub stub: Misbehaving,
    pub proof: Arc<Proof>,
    records: Arc<Mutex<Records>>,
}

#[derive(Default)]
struct Records {
    charts: BTreeMap<String, Chart>,
    /// Launch to patient and `appContext`.
    launches: BTreeMap<String, (String, Value)>,
    codes: BTreeMap<String, Grant>,
    tokens: BTreeMap<String, String>,
    jtis: Vec<String>,
    /// Whom a user chooses who comes without a launch.
    chosen: String,
    /// What is granted whatever was asked for.
    scope: Option<String>,
    twist: Option<Twist>,
    /// Members of the answer with the token that are set otherwise.
    token_answer: Value,
}

struct Grant {
    challenge: String,
    redirect_uri: String,
    patient: String,
    scope: String,
    app_context: Value,
}

impl Ehr {
    /// With the charts of these patients.
    pub fn start(proof: Proof, charts: &[Chart]) -> Self {
        let proof = Arc::new(proof);
        let by_id = |chart: &Chart| {
            (
                chart.patient["id"].as_str().unwrap().to_owned(),
                chart.clone(),
            )
        };
        let records = Arc::new(Mutex::new(Records {
            charts: charts.iter().map(by_id).collect(),
            chosen: by_id(&charts[0]).0,
            token_answer: json!({}),
            ..Records::default()
        }));
        let base = Arc::new(OnceLock::new());
        let (known, seen, verified) = (base.clone(), records.clone(), proof.clone());
        let stub = Misbehaving::start(move |request| {
            let base: &String = known.get().unwrap();
            answer(&mut seen.lock().unwrap(), base, &verified, request)
        });
        base.set(stub.base().to_string()).unwrap();
        Self {
            stub,
            proof,
            records,
        }
    }

    pub fn base(&self) -> String {
        self.stub.base().to_string()
    }

    /// Opens the app in the chart of a patient: the launch that goes into the address.
    pub fn launch(&self, patient: &str) -> String {
        self.launch_with(patient, Value::Null)
    }

    pub fn launch_with(&self, patient: &str, app_context: Value) -> String {
        let mut records = self.records.lock().unwrap();
        let launch = format!("launch-{}", records.launches.len());
        records
            .launches
            .insert(launch.clone(), (patient.to_owned(), app_context));
        launch
    }

    pub fn chart(&self, chart: Chart) {
        let id = chart.patient["id"].as_str().unwrap().to_owned();
        self.records.lock().unwrap().charts.insert(id, chart);
    }

    pub fn grants(&self, scope: &str) {
        self.records.lock().unwrap().scope = Some(scope.to_owned());
    }

    /// Members of the answer with the token are replaced; null takes one away.
    pub fn answers_token_with(&self, members: Value) {
        self.records.lock().unwrap().token_answer = members;
    }

    pub fn twists(&self, twist: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) {
        self.records.lock().unwrap().twist = Some(Box::new(twist));
    }

    pub fn behaves(&self) {
        self.records.lock().unwrap().twist = None;
    }

    /// What was asked, without the question for the release, which no launch asks.
    pub fn asked(&self) -> Vec<Received> {
        let mut received = self.stub.received();
        received.retain(|request| request.target != "/fhir/metadata");
        received
    }

    /// Paths of what was asked of the FHIR server.
    pub fn read(&self) -> Vec<String> {
        let received = self.asked().into_iter().map(|request| request.target);
        received
            .filter(|target| target.starts_with("/fhir/") && !target.contains(".well-known"))
            .collect()
    }
}

fn answer(records: &mut Records, base: &str, proof: &Proof, request: &Received) -> Reply {
    if let Some(reply) = records.twist.as_ref().and_then(|twist| twist(request)) {
        return reply;
    }
    let root = base.trim_end_matches("/fhir");
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    match path {
        "/fhir/.well-known/smart-configuration" => Reply::text(
            "application/json",
            json!({
                "issuer": format!("{root}/as"),
                "authorization_endpoint": format!("{root}/authorize"),
                "token_endpoint": format!("{root}/token"),
                "code_challenge_methods_supported": ["S256"],
                "capabilities": ["launch-ehr", "launch-standalone"],
            })
            .to_string(),
        ),
        "/fhir/metadata" => {
            Reply::json(&json!({ "resourceType": "CapabilityStatement", "fhirVersion": "4.0.1" }))
        }
        "/authorize" => authorize(records, base, &query),
        "/token" => token(records, root, proof, request),
        _ => fhir(records, path, &query, request),
    }
}

fn authorize(records: &mut Records, base: &str, query: &BTreeMap<String, String>) -> Reply {
    let get = |name: &str| query.get(name).map_or("", String::as_str);
    assert_eq!(get("response_type"), "code");
    assert_eq!(get("client_id"), CLIENT_ID);
    assert_eq!(get("aud"), base);
    assert_eq!(get("code_challenge_method"), "S256");
    let redirect_uri = format!("{EXTERNAL_URL}/smart/callback");
    assert_eq!(get("redirect_uri"), redirect_uri);
    let scopes: Vec<&str> = get("scope").split(' ').collect();
    let (patient, app_context) = match query.get("launch") {
        Some(launch) => {
            assert!(scopes.contains(&"launch"), "{scopes:?}");
            let known = records.launches.get(launch);
            known.expect("a launch of this EHR").clone()
        }
        None => {
            assert!(scopes.contains(&"launch/patient"), "{scopes:?}");
            (records.chosen.clone(), Value::Null)
        }
    };
    let code = format!("zqx-code-{}", records.codes.len());
    records.codes.insert(
        code.clone(),
        Grant {
            challenge: get("code_challenge").to_owned(),
            redirect_uri: redirect_uri.clone(),
            patient,
            scope: get("scope").to_owned(),
            app_context,
        },
    );
    let back = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", get("state"))
        .finish();
    redirect(&format!("{redirect_uri}?{back}"))
}

pub fn redirect(to: &str) -> Reply {
    Reply::Answer {
        status: 302,
        headers: vec![("Location".into(), to.into())],
        body: Vec::new(),
    }
}

fn oauth_error(code: &str) -> Reply {
    let body = json!({ "error": code, "error_description": "zqx description" }).to_string();
    Reply::Answer {
        status: 400,
        headers: vec![("Content-Type".into(), "application/json".into())],
        body: body.into_bytes(),
    }
}

fn token(records: &mut Records, root: &str, proof: &Proof, request: &Received) -> Reply {
    assert_eq!(request.method, "POST");
    let form = |name: &str| request.form(name).unwrap_or_default();
    assert_eq!(form("grant_type"), "authorization_code");
    let authorization = request.header("authorization");
    match proof {
        Proof::Public => {
            assert_eq!(
                (authorization, form("client_id").as_str()),
                (None, CLIENT_ID)
            );
            assert_eq!(request.form("client_assertion"), None);
        }
        Proof::Secret => {
            // RFC 6749, 2.3.1: encoded as in a form, then joined.
            let encode = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            let both = format!("{}:{}", encode(CLIENT_ID), encode(SECRET));
            let expected = base64url(both.as_bytes())
                .replace('-', "+")
                .replace('_', "/");
            let sent = authorization.and_then(|value| value.strip_prefix("Basic "));
            assert_eq!(
                sent.map(|value| value.trim_end_matches('=')),
                Some(&*expected)
            );
            assert!(request.form("client_secret").is_none());
        }
        Proof::Key(pair) => {
            let jti = assertion(&form("client_assertion"), pair, &format!("{root}/token"));
            assert_eq!(
                form("client_assertion_type"),
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            );
            assert!(!records.jtis.contains(&jti), "a jti is used once");
            records.jtis.push(jti);
        }
    }
    let Some(grant) = records.codes.remove(&form("code")) else {
        return oauth_error("invalid_grant");
    };
    let challenge = base64url(&Sha256::digest(form("code_verifier")));
    if challenge != grant.challenge || form("redirect_uri") != grant.redirect_uri {
        return oauth_error("invalid_grant");
    }
    let token = format!("{TOKEN}-{}", records.tokens.len());
    records.tokens.insert(token.clone(), grant.patient.clone());
    let mut answer = json!({
        "access_token": token, "token_type": "bearer", "expires_in": 300, "patient": grant.patient,
        "scope": records.scope.clone().unwrap_or(grant.scope), "appContext": grant.app_context,
        "refresh_token": "zqx-refresh", "need_patient_banner": true, "encounter": "zqx-encounter",
    });
    for (name, value) in records.token_answer.as_object().unwrap() {
        answer[name] = value.clone();
    }
    answer
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    Reply::text("application/json", answer.to_string())
}

/// Checks a client assertion and returns its `jti`.
fn assertion(token: &str, pair: &rcgen::KeyPair, audience: &str) -> String {
    let key = DecodingKey::from_ec_pem(pair.public_key_pem().as_bytes()).unwrap();
    let mut validation = Validation::new(Algorithm::ES384);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[CLIENT_ID]);
    let decoded = jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap();
    assert_eq!(decoded.header.kid.as_deref(), Some(KID));
    let claims = decoded.claims;
    assert_eq!(claims["sub"], CLIENT_ID);
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert!((1..=300).contains(&life));
    claims["jti"].as_str().unwrap().to_owned()
}

fn fhir(
    records: &Records,
    path: &str,
    query: &BTreeMap<String, String>,
    request: &Received,
) -> Reply {
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let Some(allowed) = token.and_then(|token| records.tokens.get(token)) else {
        return Reply::status(401);
    };
    let path = path.strip_prefix("/fhir/").unwrap_or_default();
    let (resource_type, id) = path.split_once('/').unwrap_or((path, ""));
    let patient = if resource_type == "Patient" {
        id
    } else {
        query.get("patient").map_or("", String::as_str)
    };
    if patient != allowed {
        return Reply::status(403);
    }
    let Some(chart) = records.charts.get(patient) else {
        return Reply::status(404);
    };
    if resource_type == "Patient" {
        return Reply::json(&chart.patient);
    }
    let found: Vec<Value> = chart
        .records
        .iter()
        .filter(|record| record["resourceType"] == resource_type)
        .cloned()
        .collect();
    Reply::json(&searchset(&found, None))
}
