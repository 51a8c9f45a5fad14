//! The release of a server.

use super::*;

#[tokio::test]
async fn the_release_of_a_server_is_asked_for_in_the_background_and_kept() {
    let stated = Arc::new(Mutex::new("3.0.2".to_owned()));
    let version = stated.clone();
    let stub = Misbehaving::start(move |request| {
        assert_eq!(request.target, "/fhir/metadata");
        let version = version.lock().unwrap().clone();
        match version.as_str() {
            "" => Reply::text("text/html", "<html>"),
            version => Reply::json(
                &json!({ "resourceType": "CapabilityStatement", "fhirVersion": version }),
            ),
        }
    });
    let base = stub.base();
    let server = fhir_server(settings(base.clone()));
    assert!(server.known_version(&base).is_none());
    match server.metadata_version(&base).await {
        Err(VersionProblem::Unsupported(refusal)) => {
            assert_eq!(
                refusal.to_string(),
                "FHIR STU3 (3.0.2) is not supported; R4 (4.0.1), R4B (4.3.0) and R5 (5.0.0) are"
            );
        }
        other => panic!("{other:?}"),
    }
    // The server was updated; what is known stays until the next check in the background.
    *stated.lock().unwrap() = "4.3.0".to_owned();
    assert!(server.metadata_version(&base).await.is_err());
    assert_eq!(stub.received().len(), 1);
    assert_eq!(
        server.check_version().await,
        [(base.clone(), Ok(Release::R4B))]
    );
    let with_slash = stub.url("127.0.0.1", "/fhir/");
    assert_eq!(server.known_version(&with_slash), Some(Ok(Release::R4B)));

    stated.lock().unwrap().clear();
    let unknown = VersionProblem::Unknown(NotFhirJson);
    assert_eq!(server.check_version().await, [(base.clone(), Err(unknown))]);
    assert_eq!(server.metadata_version(&base).await, Ok(Release::R4B));
    let elsewhere = "http://127.0.0.1:1/fhir".parse().unwrap();
    let refused = VersionProblem::Unknown(RefusedBase);
    assert_eq!(server.metadata_version(&elsewhere).await, Err(refused));
}
