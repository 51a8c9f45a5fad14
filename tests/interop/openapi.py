"""The description at URL/openapi.json: is it OpenAPI 3.1, do answers fit it, and does the service keep to it?

    openapi.py answers URL              reads answers of hook calls, one JSON a line; says which does not fit the schema Response
    openapi.py schemathesis URL COUNT   runs schemathesis (schemathesis.toml) with so many examples for each operation
"""

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def description(url):
    with urllib.request.urlopen(f"{url}/openapi.json", timeout=30) as answer:
        return json.load(answer)


def answers(url):
    from jsonschema import Draft202012Validator, FormatChecker
    from openapi_spec_validator import OpenAPIV31SpecValidator

    found = description(url)
    problems = [f"openapi.json: {error.message}" for error in OpenAPIV31SpecValidator(found).iter_errors()]
    schema = {"$ref": "#/components/schemas/Response", "components": found["components"]}
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    for number, line in enumerate(sys.stdin, 1):
        for error in validator.iter_errors(json.loads(line)):
            problems.append(f"answer {number}: {error.json_path}: {error.message[:200]}")
    return problems


def schemathesis(url, count):
    program = Path(sys.executable).with_name("st")
    command = [program, "--config-file", HERE / "schemathesis.toml", "run", f"{url}/openapi.json", "--max-examples", count]
    # Its own worry that many calls are refused is ours to judge: calls without a chart are.
    command += ["--seed", "1", "--request-timeout", "30", "--workers", "1", "--continue-on-failure", "--no-color"]
    command += ["--suppress-health-check", "all"]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, cwd=tempfile.gettempdir(), timeout=1200)
    print(done.stdout[-4000:], file=sys.stderr)
    return [] if done.returncode == 0 else [done.stdout[-6000:] + done.stderr[-2000:]]


if __name__ == "__main__":
    problems = answers(sys.argv[2]) if sys.argv[1] == "answers" else schemathesis(sys.argv[2], sys.argv[3])
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
