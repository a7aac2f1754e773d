"""What uvicorn and hypercorn serve."""

import asyncio

import seen


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["type"] == "websocket":
        return await websocket(scope, receive, send)
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    target, method = scope["raw_path"].decode("latin-1"), scope["method"]
    seen.log(method, target, fields.get("x-user"), fields.get("x-id"))
    if seen.holds(target):
        await asyncio.Event().wait()
    body = b""
    while seen.last(target) != "early":
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break

    text = seen.text(method, target, body)
    status, headers, pieces = 200, [(b"x-server", seen.NAME.encode()), (b"content-type", b"text/plain")], [text]
    match seen.last(target):
        case "empty":
            status, pieces = 204, []
        case "stream":
            pieces = [text, *seen.PIECES]
        case _:
            headers.append((b"content-length", str(len(text)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for piece in [] if method == "HEAD" else pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def websocket(scope, receive, send):
    fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    seen.log("WEBSOCKET", scope["path"], fields.get("x-user"))
    await receive()
    await send({"type": "websocket.accept", "headers": [(b"x-server", seen.NAME.encode())]})
    while (message := await receive())["type"] == "websocket.receive":
        text, data = message.get("text"), message.get("bytes")
        await send({"type": "websocket.send", **({"text": text} if text is not None else {"bytes": data})})
