"""What the benchmarks share: rounds of ours and the peers in turn, medians, and a table."""

import decimal
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

DATA = Path(__file__).resolve().parent.parent / "build/data"
COMMAND = Path(__file__).resolve().parent.parent / "build/bin/bedplate"


def seconds(work):
    """The wall time of work(), and what it returned."""
    begin = time.perf_counter()
    answer = work()
    return time.perf_counter() - begin, answer


def rounds(contestants, count):
    """{name: [seconds …]} of {name: work}, run in turn so that the machine's moods hit all alike; one warm-up each."""
    times = {name: [] for name in contestants}
    for number in range(count + 1):
        for name, work in contestants.items():
            took, _ = seconds(work)
            if number:
                times[name].append(took)
    return times


def spread(times):
    """'12.3 (11.9–13.0)' in milliseconds: median, least, most."""
    scaled = [each * 1e3 for each in times]
    digits = 1 if statistics.median(scaled) >= 10 else 2 if statistics.median(scaled) >= 0.1 else 4
    return f"{statistics.median(scaled):.{digits}f} ({min(scaled):.{digits}f}–{max(scaled):.{digits}f})"


def print_table(head, rows):
    """A Markdown table, ready for RESULTS.md."""
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |", flush=True)
    print()


def compare(title, head, work, count):
    """Run {row: {contestant: work}} and print a table; ours is the first contestant. Returns the ratios best peer / ours."""
    print(f"### {title}\n\nmilliseconds, median (least–most) of {count}; load average {os.getloadavg()[0]:.1f}\n")
    rows, ratios, ours, peers = [], [], 0, 0
    for name, contestants in work.items():
        times = rounds(contestants, count)
        medians = [statistics.median(each) for each in times.values()]
        ours, peers = ours + medians[0], peers + min(medians[1:], default=0)
        ratio = min(medians[1:]) / medians[0] if len(medians) > 1 else None
        ratios.append(ratio)
        rows.append([name, *(spread(each) for each in times.values()), f"{ratio:.2f}" if ratio else ""])
    print_table([head, *next(iter(work.values())), "best peer / ours"], rows)
    if peers:
        print(f"in sum: ours {ours:.3f} s, the best peer of each {peers:.3f} s, ratio {peers / ours:.2f}\n")
    return ratios


def same(ours, theirs, tolerance=1e-6):
    """Numbers of any kind to the tolerance, all else exactly."""
    numbers = (int, float, decimal.Decimal)
    if isinstance(ours, numbers) and isinstance(theirs, numbers):
        return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-9)
    return ours == theirs


# For the code of a process of its own. (getrusage()'s peak begins with that of the process it was started from.)
PEAK = """
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))  # KiB
"""


def fresh(code, *arguments):
    """(seconds, peak resident MB, answer) of Python code in a process of its own, which prints its seconds and its answer."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    program = code + PEAK + "\nprint(peak())\n"
    run = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, env=environment, check=True
    )
    took, answer, peak = run.stdout.splitlines()[-3:]  # a peer may have printed its progress before
    return float(took), int(peak) / 1024, answer
