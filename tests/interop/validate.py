"""fhir.resources (R4B): NDJSON in, a line for each problem out."""
import json
import sys

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

for line in sys.stdin:
    resource = json.loads(line)
    name = f"{resource['resourceType']}/{resource.get('id', '-')}"
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError as error:
        for problem in error.errors():
            where = ".".join(str(part) for part in problem["loc"])
            print(f"{name} {where}: {problem['msg']}")
