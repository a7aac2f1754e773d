"""What gunicorn serves."""

import threading

import seen


def app(environ, start_response):
    target, method = environ["RAW_URI"], environ["REQUEST_METHOD"]
    seen.log(method, target, environ.get("HTTP_X_USER"), environ.get("HTTP_X_ID"))
    if seen.holds(target):
        threading.Event().wait()
    body = b"" if seen.last(target) == "early" else environ["wsgi.input"].read()
    text = seen.text(method, target, body)
    headers = [("x-server", seen.NAME), ("Content-Type", "text/plain")]
    match seen.last(target):
        case "empty":
            start_response("204 No Content", headers)
            return []
        case "stream":
            start_response("200 OK", headers)
            return [text, *seen.PIECES]
    start_response("200 OK", [*headers, ("Content-Length", str(len(text)))])
    return [] if method == "HEAD" else [text]
