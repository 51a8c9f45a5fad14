"""The decision as a FastAPI service: the models of fhir.resources are the types of the body."""

from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from pydantic import BaseModel

from decision import decide, detail


class Context(BaseModel):
    userId: str
    patientId: str


class Prefetch(BaseModel):
    patient: Patient
    conditions: Bundle
    observations: Bundle
    procedures: Bundle
    medicationAdministrations: Bundle
    diagnosticReports: Bundle


class HookRequest(BaseModel):
    hook: str
    hookInstance: str
    context: Context
    prefetch: Prefetch


class Source(BaseModel):
    label: str


class Card(BaseModel):
    summary: str
    indicator: str
    detail: str
    source: Source


class HookResponse(BaseModel):
    cards: list[Card]


app = FastAPI(title="RR-DTC score")


def resources(bundle):
    return [entry.resource for entry in bundle.entry or []]


@app.post("/cds-services/rr-dtc-patient-view")
async def patient_view(request: HookRequest) -> HookResponse:
    prefetch = request.prefetch
    states, low, high = decide(prefetch.patient, resources(prefetch.conditions), resources(prefetch.observations))
    card = Card(
        summary=f"RR-DTC score {low} to {high} of 52",
        indicator="info",
        detail=detail(states, low, high),
        source=Source(label="RR-DTC score"),
    )
    return HookResponse(cards=[card])
