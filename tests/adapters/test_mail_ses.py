"""Mail through an SES of moto's, and what each of SES's answers, or none, makes of an attempt."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, NoCredentialsError, ProxyConnectionError, SSLError
from botocore.stub import Stubber
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from chalicelib.delivery.mail.mime import mime_of
from chalicelib.delivery.mail.ses import Mail
from chalicelib.domain.message import LARGEST_MAIL, LATER, LOST, REFUSED, SENT, TEST, Attachment, Message, Outcome

SENDER, ADDRESS = "Acme Repörts <reports@sender.example>", "cfo@acme.example"
UNSUBSCRIBE = "https://app.example/u/1"
MESSAGE = Message(TEST, "A test", "It works.", "acme-1", "Acme", datetime(2026, 11, 30, tzinfo=UTC))
PDF = Attachment("costs.pdf", "application/pdf", b"%PDF", 4)


def client(url: str | None = None) -> Any:
    """That never tries again by itself, as wiring makes it."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=0.2)
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("sesv2", region_name="eu-west-1", config=config, endpoint_url=url, **keys)


def send(ses: Any, address: str = ADDRESS) -> Outcome:
    return Mail(ses, SENDER, "securebase-dev").send("ab12", "acme-1", address, MESSAGE, UNSUBSCRIBE, PDF)


def refusal(code: str, status: int = 400) -> Outcome:
    ses = client()
    with Stubber(ses) as stubber:
        stubber.add_client_error("send_email", code, f"not to {ADDRESS}", http_status_code=status)
        return send(ses)


class Raising:
    """A client whose connection fails in one way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def send_email(self, **_request: object) -> None:
        raise self._error


def test_what_ses_takes_is_sent_and_reads_as_a_mail() -> None:
    with mock_aws():
        ses = client()
        ses.create_email_identity(EmailIdentity="reports@sender.example")
        outcome = send(ses)
        [kept] = ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].sent_messages
    assert outcome == Outcome(SENT, message_id=kept.id)
    assert set(kept.destinations) == {ADDRESS}  # moto adds those of the mail's own headers
    mail = message_from_bytes(kept.raw_data.encode(), policy=SMTP)
    assert isinstance(mail, EmailMessage)
    assert (mail["To"], mail["Subject"], mail["From"].addresses[0].display_name) == (ADDRESS, "A test", "Acme Repörts")
    assert [part.get_filename() for part in mail.iter_attachments()] == ["costs.pdf"]


def test_a_mail_is_recorded_under_its_delivery_and_customer_and_a_client_is_made_when_first_needed() -> None:
    ses = client()
    asked: list[dict[str, Any]] = []
    ses.meta.events.register("provide-client-params.sesv2.SendEmail", lambda params, **_: asked.append(params))
    with Stubber(ses) as stubber:
        stubber.add_response("send_email", {"MessageId": "m-1"})
        assert send(lambda: ses) == Outcome(SENT, message_id="m-1")
    [request] = asked
    assert request["EmailTags"] == [{"Name": "delivery", "Value": "ab12"}, {"Name": "customer", "Value": "acme-1"}]
    assert (request["ConfigurationSetName"], request["Destination"]) == ("securebase-dev", {"ToAddresses": [ADDRESS]})
    assert request["FromEmailAddress"] == "=?utf-8?q?Acme_Rep=C3=B6rts?= <reports@sender.example>"


@pytest.mark.parametrize(
    "code",
    [
        *("TooManyRequestsException", "LimitExceededException", "SendingPausedException", "AccountSuspendedException"),
        *("ThrottlingException", "Throttling", "ExpiredTokenException"),
        *("MailFromDomainNotVerifiedException", "NotFoundException", "AccessDeniedException"),
    ],
)
def test_what_ses_will_take_another_time_is_for_later(code: str) -> None:
    assert refusal(code) == Outcome(LATER, code)


def test_too_many_requests_are_for_later_under_any_name() -> None:
    assert refusal("Slower", 429) == Outcome(LATER, "Slower")


@pytest.mark.parametrize(
    "code",
    ["MessageRejected", "BadRequestException"],
)
def test_what_ses_will_never_take_is_refused_with_its_code_and_not_its_message(code: str) -> None:
    assert refusal(code) == Outcome(REFUSED, code)


@pytest.mark.parametrize(("code", "reason"), [("ServiceUnavailable", "ServiceUnavailable"), ("", "503"), (f"oh {ADDRESS}", "503")])
def test_an_error_of_the_servers_own_may_have_been_a_mail(code: str, reason: str) -> None:
    assert refusal(code, 503) == Outcome(LOST, reason)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (ConnectTimeoutError(endpoint_url="x"), Outcome(LATER, "timeout")),
        (ProxyConnectionError(proxy_url="x"), Outcome(LATER, "unreachable")),
        (NoCredentialsError(), Outcome(LATER, "no_credentials")),
        (SSLError(endpoint_url="x", error="y"), Outcome(LOST, "no_answer")),
    ],
)
def test_what_never_left_is_for_later_and_what_may_have_left_is_lost(error: Exception, outcome: Outcome) -> None:
    assert send(Raising(error)) == outcome


@contextmanager
def server(answer: bytes | None) -> Iterator[tuple[str, list[bytes]]]:
    """Takes connections and gives this answer to each, or None: no answer while it is open. What came in is kept."""
    came: list[bytes] = []
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                came.append(connection.recv(65536))
                if answer is None:
                    done.wait(2)
                elif answer:
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", came
        done.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_an_answer_that_does_not_come_in_time_is_lost_and_the_mail_is_not_sent_twice() -> None:
    with server(None) as (url, came):
        assert send(client(url)) == Outcome(LOST, "timeout")
    assert len(came) == 1


def test_a_connection_closed_after_sending_is_lost_and_the_mail_is_not_sent_twice() -> None:
    with server(b"") as (url, came):
        assert send(client(url)) == Outcome(LOST, "no_answer")
    assert len(came) == 1


def test_an_answer_that_is_no_answer_is_lost() -> None:
    with server(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops") as (url, came):
        assert send(client(url)) == Outcome(LOST, "502")
    assert len(came) == 1


def test_a_success_without_the_mails_number_is_lost() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops") as (url, _):
        assert send(client(url)) == Outcome(LOST, "no_answer")


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert send(client(f"http://127.0.0.1:{port}")) == Outcome(LATER, "unreachable")


def test_an_address_that_is_none_is_refused_before_ses_is_asked() -> None:
    assert send(Raising(AssertionError("asked")), "cfo@acme.example,x@evil.example") == Outcome(REFUSED, "invalid_address")


def test_an_attachment_goes_along_only_while_the_mail_stays_below_seven_megabytes() -> None:
    def mail(size: int) -> bytes:
        return mime_of(SENDER, ADDRESS, MESSAGE, UNSUBSCRIBE, PDF._replace(content=b"x" * size, size_bytes=size))

    line, encoded, start = 57, 78, 5_000_001  # bytes that a line of base64 holds, and its length
    start -= start % line
    room = (LARGEST_MAIL - 1 - len(mail(start))) // encoded
    largest, larger = mail(start + room * line), mail(start + (room + 1) * line)
    assert LARGEST_MAIL - encoded <= len(largest) < LARGEST_MAIL
    assert len(larger) < 100_000
    assert b"is too large to attach" not in largest
    for mime, names, said in ((largest, ["costs.pdf"], "Attached: costs.pdf (5.1 MB)"), (larger, [], "costs.pdf (5.1 MB) is too large")):
        read = message_from_bytes(mime, policy=SMTP)
        assert isinstance(read, EmailMessage)
        assert [part.get_filename() for part in read.iter_attachments() if part.get_filename()] == names
        for kind in ("plain", "html"):
            text = read.get_body((kind,))
            assert text is not None
            assert said in text.get_content()


def test_a_document_that_was_not_even_read_is_told_by_its_own_size() -> None:
    read = message_from_bytes(
        mime_of(SENDER, ADDRESS, MESSAGE, UNSUBSCRIBE, PDF._replace(content=None, size_bytes=81_000_000)), policy=SMTP
    )
    assert isinstance(read, EmailMessage)
    text = read.get_body(("plain",))
    assert text is not None
    assert "costs.pdf (81.0 MB) is too large to attach" in text.get_content()
