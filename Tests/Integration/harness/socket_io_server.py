"""A server of Socket.IO 2 over TLS: python-socketio 4 on gevent. It runs as a process of its own.

    python socket_io_server.py CERTIFICATE KEY FILE

writes two ports into FILE: the server's, and that of its control over plain HTTP. The server's events:

- `echo` DATA: acknowledged with DATA.
- `enter` ROOM, `leave` ROOM: acknowledged.
- `tell` ROOM, DATA: everybody in the room gets `told` with DATA.

The control's paths, each answered with JSON:

- `/state`: every target that was asked for, and what was refused.
- `/forget`: forgets the targets.
- `/emit` with JSON content: everybody gets `news` with it.
- `/end?token=T`: ends all sessions, and refuses the token T from then on, as if it had run out.
"""

import json
import sys
import urllib.parse
from pathlib import Path

import gevent
import socketio
from gevent.pywsgi import WSGIHandler, WSGIServer
from geventwebsocket.handler import WebSocketHandler


class State:
    def __init__(self):
        self.targets: list[str] = []
        self.refused_token: str | None = None
        self.refusals = 0
        self.sessions: set[str] = set()

    def refuses(self, environment) -> bool:
        return self.refused_token is not None and self.refused_token in environment["QUERY_STRING"]


def add_events(server: socketio.Server, state: State):
    def connect(sid, _environment):
        state.sessions.add(sid)

    def disconnect(sid):
        state.sessions.discard(sid)

    def echo(_sid, data):
        return data

    def enter(sid, room):
        server.enter_room(sid, room)
        return room

    def leave(sid, room):
        server.leave_room(sid, room)
        return room

    def tell(_sid, room, data):
        server.emit("told", data, room=room)
        return room

    for handler in (connect, disconnect, echo, enter, leave, tell):
        server.on(handler.__name__, handler)


def watching(application, state: State):
    """Keeps each target, and refuses those with the token that is not good any more."""

    def watch(environment, start_response):
        target = environment["PATH_INFO"] + "?" + environment["QUERY_STRING"]
        state.targets.append(target)
        if state.refuses(environment):
            state.refusals += 1
            start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("Content-Length", "11")])
            return [b"jwt expired"]
        return application(environment, start_response)

    return watch


def handler_for(state: State):
    class Handler(WebSocketHandler):
        """The library would say 101 before anybody has looked at the token."""

        def run_application(self):
            if state.refuses(self.environ):
                return WSGIHandler.run_application(self)
            return super().run_application()

    return Handler


def control(server: socketio.Server, state: State):
    def answer(environment, start_response):
        content = environment["wsgi.input"].read()
        query = urllib.parse.parse_qs(environment["QUERY_STRING"])
        match environment["PATH_INFO"]:
            case "/forget":
                state.targets.clear()
            case "/emit":
                server.emit("news", json.loads(content))
            case "/end":
                state.refused_token = query["token"][0]
                for sid in list(state.sessions):
                    # It waits until a poll has fetched the news, which may be long.
                    gevent.spawn(server.disconnect, sid)
        body = json.dumps({"targets": state.targets, "refusals": state.refusals}).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return answer


def main():
    certificate, key, file = sys.argv[1:]
    state = State()
    server = socketio.Server(async_mode="gevent", cors_allowed_origins="*")
    add_events(server, state)
    application = watching(socketio.WSGIApp(server), state)
    secured = WSGIServer(
        ("127.0.0.1", 0), application, handler_class=handler_for(state), log=None, certfile=certificate, keyfile=key
    )
    plain = WSGIServer(("127.0.0.1", 0), control(server, state), log=None)
    secured.start()
    plain.start()
    Path(file).write_text(f"{secured.server_port} {plain.server_port}\n")
    gevent.wait()


main()
