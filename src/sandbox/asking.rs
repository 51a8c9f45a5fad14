//! Calls the service as an EHR does: a hook, its context, and the records that the service's prefetch asks for.
//!
//! [`Asked`] is a call with its answer, both as they went. The call does not leave the process, but its bytes are those that
//! would.

use super::authorization::USER;
use super::store::Store;
use crate::cds_hooks::service::{Service, resource_type};
use crate::server::{Problem, State, within};
use actix_web::web;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use uuid::Uuid;

/// A hook that the sandbox's EHR has.
#[derive(Debug, Clone)]
pub enum Hook {
    /// A chart is opened.
    PatientView,
    /// An order is chosen; the drafts, and the reference of the chosen one.
    OrderSelect(Value, String),
    /// Orders are about to be signed.
    OrderSign(Value),
}

impl Hook {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::PatientView => "patient-view",
            Self::OrderSelect(..) => "order-select",
            Self::OrderSign(_) => "order-sign",
        }
    }
}

/// Values by prefetch key.
pub type Prefetch = BTreeMap<String, Box<RawValue>>;

/// A hook call as it is sent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Call<'a> {
    hook: &'a str,
    hook_instance: Uuid,
    fhir_server: &'a str,
    context: Value,
    prefetch: &'a Prefetch,
}

impl<'a> Call<'a> {
    /// A call for a patient.
    pub fn new(
        hook: &'a Hook,
        hook_instance: Uuid,
        fhir_server: &'a str,
        patient: &str,
        prefetch: &'a Prefetch,
    ) -> Self {
        let mut context = serde_json::json!({ "userId": USER, "patientId": patient });
        match hook {
            Hook::PatientView => {}
            Hook::OrderSelect(drafts, selected) => {
                context["selections"] = serde_json::json!([selected]);
                context["draftOrders"] = drafts.clone();
            }
            Hook::OrderSign(drafts) => context["draftOrders"] = drafts.clone(),
        }
        Self {
            hook: hook.name(),
            hook_instance,
            fhir_server,
            context,
            prefetch,
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        // Strings, and JSON that was read before: nothing that could not be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A call and its answer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The service.
    pub service: String,
    /// Its address.
    pub url: String,
    /// The request's body.
    pub request: String,
    /// The answer's body.
    pub response: String,
    /// The same, to look into.
    pub answer: Value,
    /// HTTP status.
    pub status: u16,
    /// What went wrong, in words.
    pub problem: Option<String>,
}

impl Asked {
    /// The cards.
    pub fn cards(&self) -> &[Value] {
        self.answer["cards"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The assessment beside them.
    pub fn assessment(&self) -> &Value {
        &self.answer["extension"]["org.rrdtc.assessment"]
    }
}

/// Calls the service of a hook; none when there is no such service.
pub async fn ask(
    state: &web::Data<State>,
    hook: &Hook,
    fhir_server: &str,
    patient: &str,
    prefetch: &Prefetch,
) -> Option<Asked> {
    let live = state.live();
    let service = live
        .open
        .knowledge
        .services
        .iter()
        .find(|service| service.hook == hook.name())?;
    let request = Call::new(hook, Uuid::new_v4(), fhir_server, patient, prefetch).json();
    let answered = within::call(state, &service.id, request.as_bytes()).await;
    Some(asked(state, service, request, answered))
}

fn asked(
    state: &State,
    service: &Service,
    request: String,
    answered: Result<Vec<u8>, Problem>,
) -> Asked {
    let (status, response, problem) = match answered {
        Ok(bytes) => (200, String::from_utf8_lossy(&bytes).into_owned(), None),
        Err(problem) => (
            problem.status.as_u16(),
            problem.outcome().to_string(),
            Some(problem.text().to_owned()),
        ),
    };
    Asked {
        service: service.id.clone(),
        url: format!("{}/cds-services/{}", state.base_url, service.id),
        answer: serde_json::from_str(&response).unwrap_or_default(),
        request,
        response,
        status,
        problem,
    }
}

/// What a service asks for of a patient, as our FHIR server would answer it; none when there is no such patient.
pub fn prefetch(store: &Store, service: &Service, patient: &str) -> Option<Prefetch> {
    let mut prefetch = Prefetch::new();
    for (key, template) in &service.prefetch {
        let name = resource_type(template);
        let json = if name == "Patient" {
            store.patient(patient)?.json.clone()
        } else {
            let records = store
                .of_patient(patient)
                .filter(|stored| stored.resource_type == name);
            searchset(records.map(|stored| &*stored.json))
        };
        prefetch.insert(key.clone(), json);
    }
    Some(prefetch)
}

/// A searchset of these resources.
pub fn searchset<'a>(resources: impl Iterator<Item = &'a RawValue>) -> Box<RawValue> {
    #[derive(Serialize)]
    struct Entry<'a> {
        resource: &'a RawValue,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Searchset<'a> {
        resource_type: &'static str,
        r#type: &'static str,
        total: usize,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        entry: Vec<Entry<'a>>,
    }
    let entry: Vec<Entry<'a>> = resources.map(|resource| Entry { resource }).collect();
    let bundle = Searchset {
        resource_type: "Bundle",
        r#type: "searchset",
        total: entry.len(),
        entry,
    };
    // JSON that was read before, between strings: it can be written.
    serde_json::value::to_raw_value(&bundle).unwrap_or_else(|_| RawValue::NULL.to_owned())
}
