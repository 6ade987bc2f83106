"""Tests of the figures of a cluster run."""

from tools.cluster.report import Row, longest_silence, longest_stall
from tools.faults.findings import Doubled, Lost
from tools.faults.history import INFO, OK, Operation


def tried(began: float, ended: float, phase: str = OK, request: str = "") -> Operation:
    data = {"request_id": request} if request else {}
    return Operation("cashier1", "cashier_pay", data, began, ended, phase, {})


def test_a_payment_stalls_from_the_first_try_to_its_answer():
    tries = [tried(1, 2, INFO, "a"), tried(2.5, 3, INFO, "a"), tried(3.5, 4, OK, "a")]
    assert longest_stall(tries, since=0) == 3


def test_a_payment_that_is_sent_again_later_does_not_stall():
    assert longest_stall([tried(1, 1.5, OK, "a"), tried(60, 60.25, OK, "a")], since=0) == 0.5


def test_a_payment_of_before_the_fault_does_not_stall():
    echoes = [tried(1, 2, OK, "a"), tried(10, 10.5, INFO, "a"), tried(30, 30.25, OK, "a")]
    assert longest_stall(echoes, since=5) == 0.5


def test_a_payment_without_an_answer_stalls_to_its_last_try():
    assert longest_stall([tried(1, 2, INFO, "a"), tried(5, 6, INFO, "a")], since=0) == 5


def test_other_commands_stall_by_themselves():
    assert longest_stall([tried(1, 2, INFO), tried(5, 5.5)], since=0) == 1


def test_a_stall_counts_from_the_fault():
    assert longest_stall([tried(1, 2, INFO, "a"), tried(5, 6, OK, "a")], since=4) == 2


def test_silence_counts_to_the_edges():
    operations = [tried(0, 3), tried(3, 4), tried(4, 6, INFO)]
    assert longest_silence(operations, 1, 10) == 6


def test_a_row_counts_what_was_lost_and_doubled():
    row = Row("writer killed", 1200, 3.04, 2.5, 0.1, [Lost("a"), Doubled("b"), Doubled("c"), "d"])
    assert str(row) == "| writer killed | 1 | 2 | 3.0 s | 2.5 s | 0.1 s | 1,200 |"


def test_screens_that_stay_wrong_are_seen():
    assert "NEVER" in str(Row("writer killed", 0, 0, 0, float("inf"), []))
