#!/usr/bin/python3
"""record.py OUT — plays the session of README.md in this network namespace and draws it: each line when it came."""
import html
import os
import signal
import subprocess
import sys
import threading
import time

WORKLOAD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Cluster", "workload", "server.py")
REQUEST = "kubectl get --raw /api/v1/namespaces/shop/services/web:80/proxy/"
COLUMNS, LINE, GLYPH, MARGIN = 84, 19, 8.4, 16
# How long a reader has for what was answered, before the next command is typed; waits of the session itself are as they were.
PAUSE = 1.2

start = time.monotonic()
lines = []  # (when, kind, text)
lock = threading.Lock()


def put(kind, text):
    with lock:
        lines.append((time.monotonic() - start, kind, text.rstrip()))


def typed(text):
    time.sleep(PAUSE)
    put("typed", "$ " + text)


def answer(command):
    typed(command)
    result = subprocess.run(command, shell=True, capture_output=True, text=True)
    for line in (result.stdout + result.stderr).splitlines():
        put("answer", line)
    return result.stdout


def wait_for(fact, seconds):
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            sys.exit("recording: it did not come to that:\n" + "\n".join(text for _, _, text in lines))
        time.sleep(0.05)


def ask():
    return subprocess.run(REQUEST, shell=True, capture_output=True, text=True).stdout


def play():
    server = subprocess.Popen([sys.executable, WORKLOAD], env={**os.environ, "WHO": "my-laptop", "PORTS": "8080"})
    answer(REQUEST)
    command = "kubectl tunnel intercept web --port 8080 -n shop --lease-duration 5"
    typed(command)
    plugin = subprocess.Popen("exec " + command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    reader = threading.Thread(target=lambda: [put("answer", line) for line in plugin.stdout])
    reader.start()
    wait_for(lambda: any("test it:" in text for _, _, text in lines), 60)
    wait_for(lambda: "my-laptop" in ask(), 10)
    answer(REQUEST)
    typed("# the laptop dies: kill -9 of kubectl tunnel")
    os.kill(plugin.pid, signal.SIGKILL)
    plugin.wait()
    reader.join()
    answer(REQUEST)
    wait_for(lambda: "No tunnels" in subprocess.run(
        "kubectl tunnel list -n shop", shell=True, capture_output=True, text=True).stderr, 30)
    typed("# some seconds later: the cluster has restored the Service")
    answer("kubectl tunnel list -n shop")
    answer("kubectl get service web -n shop -o jsonpath='{.spec.selector}{\"\\n\"}'")
    server.kill()


def draw(path):
    width, height = COLUMNS * GLYPH + 2 * MARGIN, (len(shown) + 1) * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
        "<title>a recorded session of kubectl tunnel</title>",
        # What cannot move shows everything.
        "<style>text{white-space:pre;animation:show 1ms backwards}@keyframes show{from{opacity:0}}"
        ".typed{fill:#fff;font-weight:bold}.answer{fill:#b8c4ce}</style>",
        f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#1b2229"/>',
    ]
    for row, (when, kind, text) in enumerate(shown):
        y = MARGIN + (row + 1) * LINE
        parts.append(f'<text x="{MARGIN}" y="{y}" class="{kind}" style="animation-delay:{when:.2f}s" '
                     f'xml:space="preserve">{html.escape(text)}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>", ""]))


def wrapped():
    for when, kind, text in lines:
        for index in range(0, max(len(text), 1), COLUMNS):
            yield when, kind, text[index:index + COLUMNS]


play()
shown = list(wrapped())
draw(sys.argv[1])
for _, _, text in shown:
    print(text)
