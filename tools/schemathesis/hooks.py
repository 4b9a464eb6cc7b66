"""What schemathesis is kept from asking, and what it is made to check besides."""

import json
import os
import urllib.request
import zlib

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


# Simulated instruments, each under its model's name; what becomes of `scratch` does not matter.
INSTRUMENTS = dict(one.split("=", 1) for one in os.environ["STATION_INSTRUMENTS"].split())
KINDS = {
    "psu": "power_supply",
    "dmm": "multimeter",
    "load": "electronic_load",
    "scope": "oscilloscope",
    "generator": "function_generator",
}
for model, resource in INSTRUMENTS.items():
    ask(
        "POST",
        "/api/equipment/connect",
        {"resource_string": resource, "equipment_type": KINDS[model], "equipment_id": model},
    )
PROFILE = "three volts"
ask(
    "POST",
    "/api/profiles/create",
    {"name": PROFILE, "equipment_type": "power_supply", "settings": {"voltage": 3}},
)
STATES = [
    ask("POST", "/api/state/capture", {"equipment_id": "psu"})["state_id"] for _ in range(2)
]
ACQUISITIONS = [
    ask(
        "POST",
        "/api/acquisition/session/create",
        {"equipment_id": model, "duration_seconds": 0.05, "sample_rate": 100},
    )["acquisition_id"]
    for model in ("psu", "dmm", "load")
]
ask("POST", f"/api/acquisition/session/{ACQUISITIONS[0]}/start")

# What is done with equipment, as it is meant; nothing takes long.
WORK = {
    "acquisition": {"duration": 0.05, "sample_rate": 100, "format": "npy"},
    "state_capture": {},
    "measurement": {"command": "get_readings"},
    "command": {"command": "scpi", "parameters": {"text": "*RST"}},
    "equipment_test": {"test_name": "self_test"},
    "sequence": {
        "steps": [
            {"at": 0, "verb": "set_voltage", "parameters": {"voltage": 1}},
            {"at": 0.032, "verb": "get_voltage"},
        ],
        "on_release": [{"verb": "set_output", "parameters": {"enabled": False}}],
    },
}


class Choice:
    """Chooses by what a case consists of: the same each time."""

    def __init__(self, case):
        said = json.dumps([case.path_parameters, case.body], default=str, sort_keys=True)
        self.left = zlib.crc32(said.encode())

    def of(self, *all):
        self.left, n = divmod(self.left, len(all))
        return all[n]


def is_meant(case):
    """Whether a case is one that the description allows."""
    return case.meta is not None and case.meta.generation.mode == schemathesis.GenerationMode.POSITIVE


def harmless(parameters):
    """The text of a command is stored and shown as it is, but the shell ends before it gets there."""
    command, argv = parameters.get("command"), parameters.get("argv")
    if isinstance(command, str) and command.strip():
        parameters["command"] = "exit 0\n" + command[:100_000]
    if isinstance(argv, list) and argv and isinstance(argv[0], str) and argv[0].strip():
        parameters["argv"] = ["/bin/true", *argv]


def brief(plan):
    """No acquisition goes on for long: it would keep its equipment from all others."""
    given = [name for name in ("duration", "duration_seconds") if plan.get(name) is not None]
    for name in given or ["duration_seconds"]:
        span = plan.get(name, 1)
        if isinstance(span, (int, float)) and not isinstance(span, bool) and span > 0.05:
            plan[name] = 0.05


def hasty(settings):
    """An instrument that cannot be understood is not waited for beyond the time limit of a request."""
    for name in ("connect_timeout", "io_timeout", "opc_timeout"):
        span = settings.get(name)
        if span is None or (isinstance(span, (int, float)) and not isinstance(span, bool) and span > 0.5):
            settings[name] = 0.5


def of_a_job(body, choice, meant):
    parameters, kind = body.get("parameters"), str(body.get("schedule_type"))
    if kind in WORK and meant:
        # Half of them with what was generated, which is refused in most cases.
        if choice.of(True, False):
            body["parameters"] = parameters = json.loads(json.dumps(WORK[kind]))
        body["equipment_id"] = "psu" if kind == "sequence" else choice.of(*INSTRUMENTS)
        if body.get("profile_id") is not None:
            body["profile_id"] = choice.of(PROFILE, "none")
    if isinstance(parameters, dict):
        if kind not in WORK:
            harmless(parameters)
        elif kind == "acquisition":
            brief(parameters)


def of_equipment(case, choice, meant):
    body, path = case.body, case.path_parameters or {}
    method, route = case.operation.method.upper(), case.operation.path
    if isinstance(body, dict):
        resource = body.get("resource_string")
        is_plausible = isinstance(resource, str) and "::" in resource
        if is_plausible or (isinstance(resource, str) and meant and choice.of(True, True, False)):
            body["resource_string"] = choice.of(*INSTRUMENTS.values())
        if method == "PATCH" or route.endswith("/connect"):
            hasty(body)
        if meant and route.endswith("/connect"):
            body["equipment_id"] = choice.of("scratch", None)
            body["driver"] = body["serial_number"] = None
        if meant and "equipment_id" in body and not route.startswith("/api/equipment/"):
            body["equipment_id"] = choice.of(*INSTRUMENTS)
        if meant and route.endswith("/command"):
            body["equipment_id"] = None
            verb = choice.of("get_readings", "scpi", "set_voltage", body.get("action"))
            values = {"scpi": {"text": "*IDN?"}, "set_voltage": {"voltage": 2}}
            body["action"], body["parameters"] = verb, values.get(verb, {})
        if meant and route == "/api/profiles/create":
            body["settings"] = choice.of({"voltage": 1}, [{"verb": "set_output"}], {})
            body["commit"] = None
        for name in ("state_id", "state_id_1", "state_id_2"):
            if meant and name in body:
                body[name] = choice.of(*STATES)
        if meant and "acquisition_id" in body:
            body["acquisition_id"] = choice.of(*ACQUISITIONS)
        if route.endswith("/session/create"):
            brief(body)
    if meant and path:
        equipment = "equipment_id" if "equipment_id" in path else "id"
        if "/session/" in route:
            path["id"] = choice.of(*ACQUISITIONS)
        elif route == "/api/state/{id}":
            path["id"] = choice.of(*STATES) if method == "GET" else path["id"]
        elif equipment in path:
            path[equipment] = choice.of("scratch", *INSTRUMENTS)
        if "name" in path and method != "DELETE":
            path["name"] = choice.of(PROFILE, path["name"])
    if method in ("PATCH", "DELETE") and path.get("id") in INSTRUMENTS:
        path["id"] = "scratch"


@schemathesis.hook
def before_call(context, case, kwargs):
    choice, meant, route = Choice(case), is_meant(case), case.operation.path
    if route.startswith(("/api/equipment", "/api/profiles", "/api/state", "/api/acquisition")):
        of_equipment(case, choice, meant)
    elif isinstance(case.body, dict):
        of_a_job(case.body, choice, meant)
    if case.path_parameters and case.path_parameters.get("id") == OWN:
        case.path_parameters["id"] = "0"
    # A stream that follows a pending job goes on until the job has run.
    if case.query and "follow" in case.query:
        case.query["follow"] = "false"


@schemathesis.hook
def filter_failure(context, failure, case, response):
    # After ten wrong tokens in a minute an address is told to wait: 429 lets nobody in either.
    return not ("authentication" in failure.title and "429" in failure.message)
