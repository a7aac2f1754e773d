"""A connection that changes its protocol."""

from websockets.sync.client import connect


def check_websocket(port, user):
    """Who took the connection; or what went wrong on it."""
    messages = ["hello", "ü" * 50_000, bytes(range(256)) * 300]
    headers = {"x-user": user} if user else {}
    try:
        with connect(f"ws://127.0.0.1:{port}/socket", additional_headers=headers, proxy=None, close_timeout=10) as socket:
            for message in messages:
                socket.send(message)
                if socket.recv(timeout=20) != message:
                    return "another message"
            server = socket.response.headers["x-server"]
        return server if socket.protocol.close_code == 1000 else f"closed with {socket.protocol.close_code}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
