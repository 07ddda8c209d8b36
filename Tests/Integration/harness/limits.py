"""Every wait of the tests, in seconds. Each is far above what a healthy run takes."""

ANSWER = 20  # one answer, on loopback
START = 20  # a process until it accepts connections
END = 15  # a process from SIGTERM to its end
TEST = 120  # one whole test
CLOSE = 5  # the other side closing a connection that it has to close
