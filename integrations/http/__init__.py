"""The one way out: every call to a vendor goes through `Client`, with its limits, its budget, its log and its silence."""

from integrations.http.answers import Answer as Answer
from integrations.http.answers import not_json as not_json
from integrations.http.answers import read_json as read_json
from integrations.http.calls import CallRecord as CallRecord
from integrations.http.calls import Repeat as Repeat
from integrations.http.client import Client as Client
from integrations.http.redaction import clean as clean
from integrations.http.refusals import retry_after as retry_after
