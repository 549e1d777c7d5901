"""How Betfair says no before it carried anything out: framework faults and service exceptions, in both envelopes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from planrunner.sandbox.betfair.wire import Json


class Service(Enum):
    """Each service numbers its codes itself: title of the exception, prefix, number by code."""

    BETTING = (
        "APINGException",
        "ANGX",
        {
            "TOO_MUCH_DATA": 1, "INVALID_INPUT_DATA": 2, "INVALID_SESSION_INFORMATION": 3, "NO_APP_KEY": 4, "NO_SESSION": 5,
            "UNEXPECTED_ERROR": 6, "INVALID_APP_KEY": 7, "TOO_MANY_REQUESTS": 8, "SERVICE_BUSY": 9, "TIMEOUT_ERROR": 10,
            "REQUEST_SIZE_EXCEEDS_LIMIT": 14, "ACCESS_DENIED": 15,
        },
    )  # fmt: skip
    ACCOUNT = (
        "AccountAPINGException",
        "AANGX",
        {
            "INVALID_INPUT_DATA": 1, "INVALID_SESSION_INFORMATION": 2, "UNEXPECTED_ERROR": 3, "INVALID_APP_KEY": 4,
            "SERVICE_BUSY": 5, "TIMEOUT_ERROR": 6, "NO_SESSION": 10, "NO_APP_KEY": 11, "TOO_MANY_REQUESTS": 14,
        },
    )  # fmt: skip

    @property
    def title(self) -> str:
        return self.value[0]

    def fault(self, code: str) -> str:
        """`ANGX-0003`; a code that is in no documentation has no number either."""
        return f"{self.value[1]}-{self.value[2].get(code, 0):04d}"


@dataclass(slots=True)
class Refused(Exception):
    """A service exception: the operation was not run."""

    code: str
    details: str = ""


@dataclass(slots=True)
class Fault(Exception):
    """The framework could not even reach the operation. `dsc` is its number, `rpc` and `http` what the envelopes show."""

    dsc: str
    rpc: int
    http: int


def unreadable() -> Fault:
    return Fault("DSC-0008", -32700, 400)


def nothing_asked() -> Fault:
    return Fault("DSC-0031", -32600, 400)


def no_such_operation() -> Fault:
    return Fault("DSC-0021", -32601, 404)


def missing() -> Fault:
    return Fault("DSC-0018", -32602, 400)


def wrong_type() -> Fault:
    """The documentation says 0009; the framework's source has 0044."""
    return Fault("DSC-0009", -32602, 400)


def wrong_media_type() -> Fault:
    return Fault("DSC-0010", -32700, 415)


def rpc_error(trouble: Refused | Fault, service: Service, request: str) -> Json:
    """The `error` of a JSON-RPC answer."""
    if isinstance(trouble, Fault):
        return {"code": trouble.rpc, "message": trouble.dsc}
    told = {"requestUUID": request, "errorCode": trouble.code, "errorDetails": trouble.details}
    data = {"exceptionname": service.title, service.title: told}
    return {"code": -32099, "message": service.fault(trouble.code), "data": data}


def rest_error(trouble: Refused | Fault, service: Service, request: str) -> Json:
    """The whole body of a REST answer."""
    if isinstance(trouble, Fault):
        return {"faultcode": "Client", "faultstring": trouble.dsc, "detail": {}}
    told = {"requestUUID": request, "errorCode": trouble.code, "errorDetails": trouble.details}
    return {
        "faultcode": "Client",
        "faultstring": service.fault(trouble.code),
        "detail": {service.title: told, "exceptionname": service.title},
    }
