"""Many clients at once, as programs with a pool of connections are."""

import threading

from .messages import Client, Message


class SteadyClient:
    """A client that keeps its connection until an answer says that it ends, and makes a new one for its next request."""

    def __init__(self, connect):
        self.connect = connect
        self.client: Client | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.client is not None:
            self.client.__exit__()
            self.client = None

    def ask(self, data: bytes, method: str = "GET") -> Message:
        """One request and its answer; after anything but a whole answer the connection is gone."""
        if self.client is None:
            self.client = self.connect()
        keeps = False
        try:
            # The proxy may answer, and close, before it has taken the whole content.
            self.client.send_as_far_as_taken(data)
            answer = self.client.response(method)
            keeps = "close" not in (answer.one("Connection") or "").lower()
            return answer
        finally:
            if not keeps:
                self.close()


def in_parallel(count: int, work):
    """Runs `work(number)` on so many threads to their ends, and raises what one of them raised."""
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
