"""What schemathesis is kept from asking, and what it is made to check besides."""

import json
import os
import urllib.request

import schemathesis

BASE = os.environ["STATION_URL"]
TOKEN = os.environ["STATION_TOKEN"].strip()


def ask(method, path, body=None):
    request = urllib.request.Request(BASE + path, method=method, data=body and json.dumps(body).encode())
    request.add_header("Authorization", "Bearer " + TOKEN)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


# The token that everything is asked with must not be revoked.
OWN = ask("GET", "/api/tokens")["tokens"][0]["id"]


def closed(schema):
    """Lets no object of an answer have fields that are not described."""
    if isinstance(schema, list):
        for inner in schema:
            closed(inner)
    elif isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            closed(inner)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for name, schema in raw_schema["components"]["schemas"].items():
        if not (name.endswith("Request") or name in ("JobChange", "ScriptParameters")):
            closed(schema)


def harmless(parameters):
    """The text of a command is stored and shown as it is, but the shell ends before it gets there."""
    command, argv = parameters.get("command"), parameters.get("argv")
    if isinstance(command, str) and command.strip():
        parameters["command"] = "exit 0\n" + command[:100_000]
    if isinstance(argv, list) and argv and isinstance(argv[0], str) and argv[0].strip():
        parameters["argv"] = ["/bin/true", *argv]


@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict) and isinstance(case.body.get("parameters"), dict):
        harmless(case.body["parameters"])
    if case.path_parameters and case.path_parameters.get("id") == OWN:
        case.path_parameters["id"] = "0"
    # A stream that follows a pending job goes on until the job has run.
    if case.query and "follow" in case.query:
        case.query["follow"] = "false"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # After ten wrong tokens in a minute an address is told to wait: 429 lets nobody in either.
    return not ("authentication" in failure.title and "429" in failure.message)
