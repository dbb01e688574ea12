"""Everything that can be told to a person, each with a stable code and an HTTP status.

    SurveyError                      500  internal
    ├── BadRequest                   400  bad-request
    │   ├── QuerySyntax              400  query-syntax          line and column
    │   ├── QueryTooDeep             400  query-too-deep
    │   └── BadParameter             400  bad-parameter
    ├── Refused                      403  refused
    │   ├── UpdateRefused            403  update-refused
    │   └── ServiceRefused           403  service-refused
    ├── NotFound                     404  not-found
    ├── MethodNotAllowed             405  method-not-allowed
    ├── NotAcceptable                406  not-acceptable
    ├── RequestTimeout               408  request-timeout
    ├── Gone                         410  gone
    ├── TooLarge                     413  too-large
    ├── UnsupportedMediaType         415  unsupported-media-type
    ├── TooManyRequests              429  too-many-requests
    ├── QueryMemory                  503  query-memory
    ├── ServiceFailed                502  service-failed        another endpoint, named by SERVICE
    ├── Busy                         503  busy
    ├── QueryTimeout                 504  query-timeout
    └── DataError                    500  data-error            a file of the survey is not usable

The code is what programs test for; it never changes. The message is for people: what was found and
what to write instead. Bodies follow RFC 9457 (`application/problem+json`).
"""

from __future__ import annotations

from typing import Any


class SurveyError(Exception):
    """The base of the family; only its subclasses are raised on purpose."""

    status = 500
    code = "internal"
    title = "Something went wrong here"

    def __init__(self, message: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(message)
        self.message = message
        self.headers = headers or {}
        self.extra = {name: value for name, value in extra.items() if value is not None}

    def problem(self, instance: str | None = None) -> dict[str, Any]:
        """The RFC 9457 body; `extra` members (line, column, limit, parameter …) stand beside the standard ones."""
        body: dict[str, Any] = {
            "type": f"https://w3id.org/imaging-survey/problem/{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.message,
        }
        if instance is not None:
            body["instance"] = instance
        return body | self.extra


class BadRequest(SurveyError):
    status, code, title = 400, "bad-request", "The request cannot be understood"


class QuerySyntax(BadRequest):
    code, title = "query-syntax", "The query is not valid SPARQL"


class QueryTooDeep(BadRequest):
    code, title = "query-too-deep", "The query is nested too deeply"


class BadParameter(BadRequest):
    code, title = "bad-parameter", "A parameter has no usable value"


class Refused(SurveyError):
    status, code, title = 403, "refused", "This is not allowed here"


class UpdateRefused(Refused):
    code, title = "update-refused", "The survey is read-only"


class ServiceRefused(Refused):
    code, title = "service-refused", "Federated queries go only to services on the allow-list"


class NotFound(SurveyError):
    status, code, title = 404, "not-found", "There is no such thing here"


class MethodNotAllowed(SurveyError):
    status, code, title = 405, "method-not-allowed", "This method is not offered here"


class NotAcceptable(SurveyError):
    status, code, title = 406, "not-acceptable", "None of the accepted media types can be produced"


class RequestTimeout(SurveyError):
    status, code, title = 408, "request-timeout", "The request did not arrive in time"


class Gone(SurveyError):
    status, code, title = 410, "gone", "This was retired"


class TooLarge(SurveyError):
    status, code, title = 413, "too-large", "The request is larger than allowed"


class UnsupportedMediaType(SurveyError):
    status, code, title = 415, "unsupported-media-type", "The request's media type is not understood"


class TooManyRequests(SurveyError):
    status, code, title = 429, "too-many-requests", "Too many requests from one client"


class QueryMemory(SurveyError):
    status, code, title = 503, "query-memory", "The query needs more memory than allowed"


class ServiceFailed(SurveyError):
    status, code, title = 502, "service-failed", "Another endpoint did not answer as it should"


class Busy(SurveyError):
    status, code, title = 503, "busy", "All query workers are busy"


class QueryTimeout(SurveyError):
    status, code, title = 504, "query-timeout", "The query took longer than allowed"


class DataError(SurveyError):
    code, title = "data-error", "A file of the survey cannot be used"


def by_code(code: str) -> type[SurveyError]:
    """The class with this code; the base for an unknown one."""
    family = [SurveyError]
    for each in family:
        family.extend(each.__subclasses__())
    return next((each for each in family if each.code == code), SurveyError)
