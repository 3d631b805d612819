"""A collector that keeps what it is sent: OTLP over HTTP, read with the official messages.

It says its port on standard output. `GET /came` answers what came, flat and in JSON; `PUT /status/503` lets it refuse
from now on, `PUT /status/200` take again; with `PUT /refuse/3` it says that it has refused three spans of each message.
"""

import base64
import gzip
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

lock = Lock()
came = {"spans": [], "metrics": [], "requests": []}
status = 200
refused = 0


def value_of(it):
    return getattr(it, it.WhichOneof("value")) if it.WhichOneof("value") else None


def attributes(all):
    return {it.key: value_of(it.value) for it in all}


def spans_of(message):
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for it in scope.spans:
                yield {
                    "resource": attributes(resource.resource.attributes),
                    "scope": scope.scope.name,
                    "name": it.name,
                    "kind": it.kind,
                    "trace_id": it.trace_id.hex(),
                    "span_id": it.span_id.hex(),
                    "parent": it.parent_span_id.hex(),
                    "state": it.trace_state,
                    "attributes": attributes(it.attributes),
                    "links": [{"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in it.links],
                    "status": it.status.code,
                    "start": it.start_time_unix_nano,
                    "end": it.end_time_unix_nano,
                }


def exemplars(point):
    return [{"trace_id": it.trace_id.hex(), "value": it.as_double, "at": it.time_unix_nano} for it in point.exemplars]


def metrics_of(message):
    for resource in message.resource_metrics:
        for scope in resource.scope_metrics:
            for it in scope.metrics:
                kind = it.WhichOneof("data")
                data = getattr(it, kind)
                for point in data.data_points:
                    one = {
                        "resource": attributes(resource.resource.attributes),
                        "name": it.name,
                        "description": it.description,
                        "unit": it.unit,
                        "kind": kind,
                        "type": attributes(it.metadata).get("prometheus.type"),
                        "attributes": attributes(point.attributes),
                        "start": point.start_time_unix_nano,
                        "time": point.time_unix_nano,
                        "exemplars": exemplars(point),
                    }
                    if kind == "histogram":
                        one |= {
                            "count": point.count,
                            "sum": point.sum,
                            "bounds": list(point.explicit_bounds),
                            "counts": list(point.bucket_counts),
                            "temporality": data.aggregation_temporality,
                        }
                    else:
                        one["value"] = getattr(point, point.WhichOneof("value"))
                    if kind == "sum":
                        one |= {"monotonic": data.is_monotonic, "temporality": data.aggregation_temporality}
                    yield one


def ids_to_base64(it):
    """OTLP writes ids in hexadecimal digits where Protobuf's JSON has base64."""
    if isinstance(it, dict):
        for name, value in it.items():
            if name in ("traceId", "spanId", "parentSpanId") and isinstance(value, str):
                it[name] = base64.b64encode(bytes.fromhex(value)).decode()
            else:
                ids_to_base64(value)
    elif isinstance(it, list):
        for one in it:
            ids_to_base64(one)
    return it


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A service that ends in the middle of a connection is what tests are about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body=b"", kind="application/json"):
        self.send_response(code)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            self.answer(200, json.dumps(came).encode())

    def do_PUT(self):
        global status, refused
        what, number = self.path.strip("/").split("/")
        if what == "status":
            status = int(number)
        else:
            refused = int(number)
        self.answer(204)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        raw = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        of = {
            "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse, "spans", spans_of),
            "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse, "metrics", metrics_of),
        }.get(self.path)
        if of is None:
            return self.answer(404)
        request, response, name, read = of
        kind = self.headers["content-type"]
        message = request()
        if kind == "application/x-protobuf":
            message.ParseFromString(raw)
        else:
            json_format.ParseDict(ids_to_base64(json.loads(raw)), message)
        with lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = {"path": self.path, "headers": headers, "status": status}
            # Metrics are cumulative and many: the last message tells all.
            if name == "spans":
                one["raw"] = raw.decode("latin-1")
            came["requests"].append(one)
            if status != 200:
                return self.answer(status)
            came[name] = (came[name] if name == "spans" else []) + list(read(message))
        if kind == "application/x-protobuf":
            said = response()
            if refused and name == "spans":
                said.partial_success.rejected_spans = refused
                said.partial_success.error_message = "too many"
            self.answer(200, said.SerializeToString(), kind)
        else:
            self.answer(200, json_format.MessageToJson(response()).encode(), kind)


server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
