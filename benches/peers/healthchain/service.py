"""The decision as a HealthChain service: a CDS Hooks handler whose prefetch the adapter reads into FHIR models."""

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.io import CdsFhirAdapter
from healthchain.models import CDSRequest, CDSResponse
from healthchain.models.responses.cdsresponse import Card

from decision import decide, detail

cds = CDSHooksService()
adapter = CdsFhirAdapter(hook_name="patient-view")


def resources(bundle):
    return [entry.resource for entry in bundle.entry or []]


@cds.hook("patient-view", id="rr-dtc-patient-view")
def patient_view(request: CDSRequest) -> CDSResponse:
    prefetch = adapter.parse(request).fhir.prefetch_resources
    states, low, high = decide(
        prefetch["patient"],
        resources(prefetch["conditions"]),
        resources(prefetch["observations"]),
    )
    card = Card(
        summary=f"RR-DTC score {low} to {high} of 52",
        indicator="info",
        detail=detail(states, low, high),
        source={"label": "RR-DTC score"},
    )
    return CDSResponse(cards=[card])


app = HealthChainAPI(title="RR-DTC score")
app.register_service(cds, path="/cds")
