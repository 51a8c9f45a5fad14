//! Who may call: JWTs of CDS clients. Knows no FHIR and nothing of the domain.
