"""The table as text, Markdown and JSON, and the picture."""

import datetime
import html
import json
import os
import platform
import re
import subprocess

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def figure(value):
    """Three digits that mean something."""
    if value is None:
        return ""
    if value == 0 or value == int(value) and value < 1000:
        return f"{value:.0f}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}"


def bound(line):
    if line.bound is None:
        return ""
    sign = "≥" if line.is_least else "≤"
    return f"{sign} {figure(line.bound)}" + (" × raw" if line.of_ratio else "" if line.is_least else f" {line.unit}")


def verdict(line):
    return {True: "met", False: "**missed**", None: ""}[line.is_met]


def text(line):
    ratio = f" ({figure(line.ratio)} × raw {figure(line.raw)})" if line.ratio else ""
    note = f"; {line.note}" if line.note else ""
    return f"{line.name}: {figure(line.tunnel)} {line.unit}{ratio} {bound(line)} {verdict(line)}{note}"


def first_line(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.strip().splitlines()[0]


def about(lab):
    """The machine and the versions."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"model name\s*: (.*)", file.read())
    versions = json.loads(lab.kubectl("version", "-o", "json"))
    return {
        "date": datetime.date.today().isoformat(),
        "processor": model.group(1) if model else platform.processor(),
        "cores": os.cpu_count(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "kubernetes": versions["serverVersion"]["gitVersion"],
        "kubectl": versions["clientVersion"]["gitVersion"],
        "swift": re.sub(r".*?(Swift version \S+).*", r"\1", first_line("swift", "--version")),
    }


def markdown(found, about_run):
    rows = [
        "| | raw port-forward | tunnel | ratio | bound | |",
        "|---|---|---|---|---|---|",
    ]
    for line in found:
        note = f" ({line.note})" if line.note else ""
        raw = f"{figure(line.raw)} {line.unit}" if line.raw is not None else ""
        rows.append(f"| {line.name}{note} | {raw} | {figure(line.tunnel)} {line.unit} | {figure(line.ratio)} | "
                    f"{bound(line)} | {verdict(line)} |")
    machine = ("{cores} cores of {processor}, {memory}, Linux {kernel}; Kubernetes {kubernetes}, kubectl {kubectl}, "
               "{swift}; {date}").format(**about_run)
    return f"Measured on {machine}, everything on this one machine:\n\n" + "\n".join(rows) + "\n"


def picture(found):
    """Bars of the ratios to raw, and where each bound is."""
    shown = [line for line in found if line.ratio]
    width, left, row, scale = 860, 430, 26, 200
    height = 50 + row * len(shown)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        f'<text x="{left}" y="18" fill="#444">times raw kubectl port-forward; the mark is the bound</text>',
    ]
    for number, line in enumerate(shown):
        y = 30 + row * number
        length = min(line.ratio, 2.0) * scale
        colour = "#c0392b" if line.is_met is False else "#2e7d32" if line.is_met else "#7f8c8d"
        parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{html.escape(line.name)}</text>')
        parts.append(f'<rect x="{left}" y="{y + 3}" width="{length:.1f}" height="14" fill="{colour}"/>')
        parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 14}">{figure(line.ratio)}</text>')
        if line.of_ratio and line.bound:
            x = left + line.bound * scale
            parts.append(f'<line x1="{x:.1f}" y1="{y}" x2="{x:.1f}" y2="{y + 20}" stroke="black" stroke-width="2"/>')
    x = left + scale
    parts.append(f'<line x1="{x}" y1="24" x2="{x}" y2="{height - 20}" stroke="#888" stroke-dasharray="4 3"/>')
    parts.append(f'<text x="{x}" y="{height - 6}" text-anchor="middle" fill="#444">1</text>')
    return "\n".join(parts + ["</svg>", ""])


def write(root, found, about_run, document):
    """docs/performance.md between its markers, docs/benchmarks.json and docs/benchmarks.svg."""
    os.makedirs(os.path.join(root, "docs"), exist_ok=True)
    with open(os.path.join(root, "docs", "benchmarks.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
        file.write("\n")
    with open(os.path.join(root, "docs", "benchmarks.svg"), "w", encoding="utf-8") as file:
        file.write(picture(found))
    path = os.path.join(root, "docs", "performance.md")
    with open(path, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    _, _, after = rest.partition(END)
    body = markdown(found, about_run) + "\n![ratios to raw kubectl port-forward](benchmarks.svg)\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{body}{END}{after}")
