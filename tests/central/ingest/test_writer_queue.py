"""The writer acknowledges after the commit, never before; it survives a full disk."""

from __future__ import annotations

from central.ingest.writer import QUEUE_SIZE, Message, Writer
from central.store.store import Store
from tests.central.mall import NOON, Sender, crossing, eventually


def test_nothing_is_acknowledged_while_the_disk_is_full(store: Store) -> None:
    sqlite = store.database._writer
    pages = sqlite.execute("PRAGMA page_count").fetchone()[0]
    sqlite.execute(f"PRAGMA max_page_count = {pages}")
    acknowledged: list[int] = []
    writer = Writer(store.database, "mall")
    sender = Sender()
    for seq in range(1, 1501):
        topic, payload = sender.packet(crossing(f"v{seq:011d}"), NOON, seq)
        writer.put(
            Message(topic, payload, len(payload), False, NOON, lambda seq=seq: acknowledged.append(seq))  # noqa: FBT003
        )
    writer.start()
    eventually(lambda: writer.state.fault)
    assert "full" in writer.state.fault
    assert acknowledged == []
    sqlite.execute("PRAGMA max_page_count = 1000000")
    eventually(lambda: len(acknowledged) == 1500)
    assert writer.state.fault == ""
    assert acknowledged == list(range(1, 1501))
    assert store.accounting()[0].received == 1500
    writer.stop()


def test_what_may_be_dropped_is_dropped_and_counted_when_the_queue_is_full(store: Store) -> None:
    writer = Writer(store.database, "mall")
    for _ in range(QUEUE_SIZE + 5):
        writer.put(Message("t", b"", 0, False, NOON))  # noqa: FBT003
    assert writer.state.dropped == 5
    assert writer.depth == QUEUE_SIZE


def test_stopping_stores_what_waits(store: Store) -> None:
    writer = Writer(store.database, "mall")
    sender = Sender()
    for seq in range(1, 201):
        topic, payload = sender.packet(crossing(), NOON, seq)
        writer.put(Message(topic, payload, len(payload), False, NOON, lambda: None))  # noqa: FBT003
    writer.start()
    writer.stop()
    assert store.accounting()[0].received == 200
