"""Which metrics count an app's requests: the names that libraries and meshes give them by themselves."""

from msgspec import Struct

SERVER_ERRORS = "5.."
"""HTTP status codes that are the server's fault; some libraries group them as `5xx`, which this fits too."""

GRPC_ERRORS = "Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"
"""The codes OpenTelemetry's conventions for RPC take for errors of a server; the others are the caller's doing."""


class Family(Struct, frozen=True):
    """A counter of requests: the labels that may hold the outcome, which outcomes are errors, and its histogram.

    `unit` is what one unit of the histogram's buckets is in seconds; `also` further matchers of its series.
    """

    requests: str
    outcomes: tuple[str, ...]
    buckets: str
    errors: str = SERVER_ERRORS
    unit: float = 1.0
    also: str = ""


FAMILIES = (
    Family("http_requests_total", ("code", "status", "status_code"), "http_request_duration_seconds_bucket"),
    Family(
        "http_server_request_duration_seconds_count",  # OpenTelemetry
        ("http_response_status_code",),
        "http_server_request_duration_seconds_bucket",
    ),
    Family(
        "http_request_duration_seconds_count", ("status", "code", "status_code"), "http_request_duration_seconds_bucket"
    ),
    Family("http_server_requests_seconds_count", ("status",), "http_server_requests_seconds_bucket"),  # Micrometer
    Family(
        "istio_requests_total",
        ("response_code",),
        "istio_request_duration_milliseconds_bucket",
        unit=0.001,
        also='reporter="destination"',  # the caller's proxy counts the same requests again
    ),
    Family("grpc_server_handled_total", ("grpc_code",), "grpc_server_handling_seconds_bucket", errors=GRPC_ERRORS),
)
"""In the order they are preferred: what the app itself counts before what stands in front of it."""

OUTCOMES = tuple(dict.fromkeys(label for family in FAMILIES for label in family.outcomes))


class Place(Struct, frozen=True):
    """The labels by which series say whose they are."""

    namespace: str
    pod: str


PLACES = (Place("namespace", "pod"), Place("kubernetes_namespace", "kubernetes_pod_name"))
"""As the Prometheus Operator labels targets, and as the annotation-driven example configuration once did."""


class Found(Struct, frozen=True):
    """The request metric of an app, as it was found. `scrape_interval` in seconds, as far as the last minutes tell."""

    family: Family
    outcome: str
    place: Place
    buckets: bool
    scrape_interval: float | None = None
