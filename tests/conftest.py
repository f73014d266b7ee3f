"""One stack for all tests that talk HTTP: started when the first of them needs it, ended with the suite."""

import shutil
import signal
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from tests.canaries import known_secrets, secrets_in, wrong_lines
from tests.grants import FOLDER as CALLS
from tests.looked import Looked
from tests.recorder import aws_calls
from tests.stack import NEEDS_OWN_STACK, Client, Customer, Stack, Started, given_stack, port_answers


def pytest_configure(config: pytest.Config) -> None:
    """Calls of AWS are written down, here and in the stack, for `python -m tests.grants`: anew with every run."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(CALLS, ignore_errors=True)
        CALLS.mkdir(parents=True)
    aws_calls.install(str(CALLS))


settings.register_profile(
    "suite", max_examples=30, deadline=None
)  # a machine may stand still; new ones in every run; more of them by --hypothesis-profile=default
settings.register_profile("mutants", max_examples=10, deadline=None, derandomize=True, phases=[Phase.explicit, Phase.generate])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of API_BASE_URL, TEST_API_KEY and TEST_CUSTOMER_ID where they are set, else one of our own; Ctrl-C must leave nothing."""
    given = given_stack()
    if given:
        yield given
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & hands SIGINT down as ignored
    started = Started(tmp_path_factory.mktemp("stack"))
    try:
        made = started.stack()
        yield made
        looked, known = Looked(made.environment), known_secrets(started.folder)
        everything = list(looked.texts())
        looked.close()
    finally:
        left = started.stop()
        signal.signal(signal.SIGINT, before)
    assert left == [], f"Ctrl-C left processes {left}; {started.told()}"
    events = started.events.read_text()
    assert everything
    assert events, "there was something to look through"
    found = [f"{kind} in {where}" for where, text in everything for kind in secrets_in(text, known)]
    assert found == [], "what the whole suite did left secrets in tables or objects"
    assert list(secrets_in(events, known)) == [], "and in the log"
    assert wrong_lines(events) == [], "each event is one line of JSON"
    assert not port_answers(started.port), "the port still answers after Ctrl-C"


@pytest.fixture(scope="session")
def own_stack(stack: Stack) -> Stack:
    """The stack with three customers, the operator and the ops commands."""
    if not stack.own:
        pytest.skip(NEEDS_OWN_STACK)
    return stack


@pytest.fixture(scope="session")
def client(stack: Stack) -> Client:
    """The first customer's."""
    return stack.client()


@pytest.fixture(scope="session")
def customer(stack: Stack) -> Customer:
    return stack.customers[0]
